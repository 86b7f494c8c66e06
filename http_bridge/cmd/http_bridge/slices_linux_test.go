package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// kernelTakesWishes tells whether the kernel takes wishes about slices (Linux 6.12 and later), and
// lets this process have any.
func kernelTakesWishes(t *testing.T) bool {
	const another = 200_000
	takes := make(chan bool)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with its other slice
		attributes, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
			takes <- false
			return
		}
		attributes.Runtime = another
		err = unix.SchedSetAttr(0, attributes, 0)
		set, _ := unix.SchedGetAttr(0, 0)
		takes <- err == nil && set != nil && set.Runtime == another
	}()
	return <-takes
}

func TestShortSlicesAreThoseOfAllThreads(t *testing.T) {
	known := kernelTakesWishes(t)
	if askForShortSlices() != known {
		t.Fatalf("said that its wish was heard: %v; the kernel takes wishes: %v", !known, known)
	}
	if !known {
		return // and older kernels leave all as it was
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
