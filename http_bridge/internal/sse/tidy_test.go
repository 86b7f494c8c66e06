package sse

import (
	"runtime"
	"testing"

	"genwatch/http_bridge/internal/fakes"
)

func TestMemoryIsGivenBackAfterACrowdHasCome(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var room tidy
	for range tidyAfter - 1 {
		room.note()
	}
	if room.timer != nil {
		t.Error("for a few viewers memory is collected")
	}
	room.note()
	fakes.Await(t, "a collection was forced", func() bool {
		runtime.ReadMemStats(&after)
		return after.NumForcedGC > before.NumForcedGC
	})
}
