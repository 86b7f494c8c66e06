package sse

import (
	"runtime/debug"
	"sync"
	"time"
)

// tidy gives memory back after many viewers have come or gone together, as they do when a bridge is
// restarted: admitting one takes some 30 KB for a moment, showing it the job 3, and the runtime would
// keep the difference for minutes. Thread-safe.
type tidy struct {
	mu sync.Mutex
	// Viewers that came or went since the last time, and when the timer was set.
	moved, seen int
	timer       *time.Timer
}

const (
	// Fewer are not worth a collection.
	tidyAfter = 1000
	// With fewer in this time the crowd has come to rest.
	tidyFew  = 50
	tidyRest = time.Second
)

func (t *tidy) note() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved++
	if t.timer == nil && t.moved >= tidyAfter {
		t.seen = t.moved
		t.timer = time.AfterFunc(tidyRest, t.look)
	}
}

func (t *tidy) look() {
	t.mu.Lock()
	if t.moved-t.seen >= tidyFew {
		t.seen = t.moved
		t.timer = time.AfterFunc(tidyRest, t.look)
		t.mu.Unlock()
		return
	}
	t.moved, t.timer = 0, nil
	t.mu.Unlock()
	debug.FreeOSMemory()
}
