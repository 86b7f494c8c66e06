package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestShortSlicesAreThoseOfAllThreads(t *testing.T) {
	if !askForShortSlices() {
		t.Skip("this kernel knows no such wish")
	}
	// Threads that are started only now have them as well.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			attributes, err := unix.SchedGetAttr(0, 0)
			if err != nil || attributes.Runtime != sliceNanos {
				t.Errorf("a new thread has %+v, %v", attributes, err)
			}
		})
	}
	wg.Wait()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attributes, err := unix.SchedGetAttr(tid, 0); err == nil && attributes.Runtime != sliceNanos {
			t.Errorf("thread %d has %+v", tid, attributes)
		}
	}
}
