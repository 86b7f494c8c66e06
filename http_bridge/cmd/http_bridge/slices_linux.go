package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// sliceNanos is the shortest that the kernel takes.
const sliceNanos = 100_000

// askForShortSlices asks the kernel for short slices of CPU time for all threads of this process, and
// thereby for those that they start: whoever is woken for some microseconds then need not wait until
// another thread, of whatever process, has used up the milliseconds that it was given. False, and no
// effect, where the kernel knows no such wish (before Linux 6.12), or a sandbox refuses it.
func askForShortSlices() bool {
	all := true
	// Twice, for threads that were started meanwhile by others whose turn had not come.
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return false
		}
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			all = err == nil && shorten(tid) && all
		}
	}
	return all
}

func shorten(tid int) bool {
	// Read first: nice and policy stay what they are.
	attributes, err := unix.SchedGetAttr(tid, 0)
	if err != nil {
		return false
	}
	attributes.Runtime = sliceNanos
	if unix.SchedSetAttr(tid, attributes, 0) != nil {
		return false
	}
	set, err := unix.SchedGetAttr(tid, 0)
	return err == nil && set.Runtime == sliceNanos
}
