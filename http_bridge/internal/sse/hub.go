package sse

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/wire"
)

// hub holds the value of one job and everybody who watches it here. It has one watch upstream,
// however many viewers there are, and buffers nothing for any of them. Thread-safe.
type hub struct {
	hubs  *Hubs
	jobID string
	// Ends with the hub.
	context context.Context
	stop    context.CancelFunc
	// When anything was last received upstream, heartbeats included, in Unix nanoseconds.
	heard atomic.Int64
	// The value is complete: viewers need not wait for the time of their next update.
	urgent atomic.Bool

	mu    sync.Mutex
	value value
	// What was encoded of the value as it is now, by place.
	cache   map[cacheKey]step
	viewers map[*viewer]struct{}
	// Why the job can't be watched; "" as far as is known it can.
	failure string
	// A viewer's cursor proves that the job has come to this version.
	atLeast uint32
	// Ends the present watch, so that it is opened anew.
	restart context.CancelFunc
	// Not among the hubs any more: what still comes is not taken in.
	detached bool

	// Guarded by hubs.mu: no viewer has been there since the timer was set.
	linger *time.Timer
}

type cacheKey struct {
	place place
	ask   ask
}

// viewer is one who watches the job: a cursor over the hub's value. Its methods other than leave
// are called by one goroutine at a time.
type viewer struct {
	hub *hub
	ask ask
	// Tells the writer that there may be something; never blocks.
	wake func()
	user string
	// The shortest time between two updates, and when the next is due.
	interval time.Duration
	next     time.Time

	place place
	shown uint64
	// The version of the cursor it came with: nothing older is shown.
	version uint32
	// Since when all that the hub has to show is older; zero if it is not.
	behind time.Time
	ended  bool
}

// update is what a viewer is given at once.
type update struct {
	parcel
	events int
	// It lacks more than this, and may ask again at once.
	more bool
	// When to ask again if not woken before; zero: only when woken.
	again time.Time
	// Nothing will follow.
	ended bool
}

// take returns what the viewer lacks, if it is time for it.
func (v *viewer) take(now time.Time) update {
	if v.ended {
		return update{ended: true}
	}
	if now.Before(v.next) && !v.hub.urgent.Load() {
		return update{again: v.next}
	}
	h := v.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failure != "" {
		v.ended = true
		return update{parcel: unwatchable(h.jobID, h.failure, v.ask.many), events: 1, ended: true}
	}
	if h.value.progress == nil {
		return update{}
	}
	if again := v.catchUpLocked(now); !again.IsZero() {
		return update{again: again}
	}
	v.place.due = v.shown != h.value.shown
	s := h.stepLocked(v.place, v.ask)
	v.place = s.next
	v.shown = h.value.shown
	v.ended = s.ended
	if len(s.frames) == 0 {
		return update{ended: s.ended}
	}
	v.next = now.Add(v.interval)
	return update{parcel: s.parcel, events: s.events, more: s.more, ended: s.ended}
}

// catchUpLocked is zero when the hub has something to show to this viewer. Else all that it has is
// older than what the viewer was given elsewhere, and it is when to look again.
func (v *viewer) catchUpLocked(now time.Time) (again time.Time) {
	held := &v.hub.value
	oldState := held.progress.GetVersion() < v.version
	oldText := v.place.textVersion > held.textVersion()
	if held.epoch != v.place.epoch || (!oldState && !oldText) {
		v.behind = time.Time{}
		return time.Time{}
	}
	if v.behind.IsZero() {
		v.behind = now
	}
	again = v.behind.Add(v.hub.hubs.options.BehindLimit)
	if !oldState && !now.Before(again) {
		// The state is as new, so the lease would be known if it were one.
		v.place.invalid = true
		v.place.textVersion = 0
		v.behind = time.Time{}
		return time.Time{}
	}
	return again
}

// unwatchable is the `error` event of a job that can't be watched, with a cursor that is answered
// by 204.
func unwatchable(jobID, message string, many bool) parcel {
	last := cursor.Start(jobID, false)
	last.Terminal = true
	id := last.String()
	data := wire.AppendUnwatchable(nil, jobID, message, id)
	switch {
	case many:
		id = ""
	case message == messageNotFound:
		data = []byte(wire.NotFound)
	}
	return seal(AppendFrame(pack(), id, wire.EventError, data))
}

const messageNotFound = "Job not found"

// leave ends the viewer; idempotent.
func (v *viewer) leave() { v.hub.hubs.leave(v) }

func (h *hub) stepLocked(at place, a ask) step {
	key := cacheKey{at, a}
	if s, ok := h.cache[key]; ok {
		return s
	}
	s := h.value.step(at, a)
	h.cache[key] = s
	return s
}

// run watches the job until it has ended, can't be watched, or nobody looks any more.
func (h *hub) run(ctx context.Context) {
	delay := h.hubs.options.MinBackoff
	for {
		heardBefore := h.heard.Load()
		err := h.watch(ctx)
		if ctx.Err() != nil || h.urgent.Load() {
			return
		}
		if message := whyUnwatchable(err); message != "" {
			h.fail(message)
			return
		}
		h.hubs.metrics.UpstreamLost.Inc()
		if h.heard.Load() != heardBefore {
			delay = h.hubs.options.MinBackoff
		}
		if !sleep(ctx, jitter(delay)) {
			return
		}
		delay = min(2*delay, h.hubs.options.MaxBackoff)
	}
}

// watch opens the one watch from where the hub stands, and takes in what comes until it breaks.
func (h *hub) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, user := h.start(cancel)
	err := h.hubs.listen(ctx, user, &pb.WatchProgressRequest{
		Targets: []*pb.WatchTarget{{JobId: h.jobID, Cursor: from}},
		Text:    true,
	}, func(response *pb.WatchProgressResponse) error {
		h.heard.Store(time.Now().UnixNano())
		for _, u := range response.GetUpdates() {
			if err := h.apply(u); err != nil {
				return err
			}
		}
		if h.urgent.Load() {
			return io.EOF // all has been said
		}
		return nil
	})
	if err == io.EOF {
		return nil
	}
	return err
}

// start says where a new watch begins, and in whose name: that of anybody who watches.
func (h *hub) start(restart context.CancelFunc) (from, user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restart = restart
	for v := range h.viewers {
		user = v.user
		break
	}
	held := h.value.held()
	if h.atLeast > held.Version {
		// Makes a replica that is behind as well ask the ledger.
		held.Version, held.Sequence = h.atLeast, 0
	}
	if held == cursor.Start(h.jobID, true) {
		return "", user
	}
	return held.String(), user
}

func (h *hub) apply(u *pb.JobUpdate) error {
	if u.GetJobId() != h.jobID {
		return nil
	}
	if u.GetError() != nil {
		return status.Error(codes.Code(u.GetError().GetCode()), u.GetError().GetMessage())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.detached {
		return nil
	}
	before := h.value.bytes()
	changed, err := h.value.apply(u)
	h.hubs.held.Add(int64(h.value.bytes() - before))
	if changed {
		clear(h.cache)
		if h.value.terminal {
			h.urgent.Store(true)
		}
		h.wakeLocked()
	}
	return err
}

// fail tells every viewer why the job can't be watched.
func (h *hub) fail(message string) {
	h.hubs.forget(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = message
	h.urgent.Store(true)
	h.wakeLocked()
}

func (h *hub) wakeLocked() {
	for v := range h.viewers {
		v.wake()
	}
}

// raise makes the hub look for a version that it does not know yet.
func (h *hub) raise(version uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.atLeast >= version || h.value.progress.GetVersion() >= version {
		return
	}
	h.atLeast = version
	if h.restart != nil {
		h.restart()
	}
}

// whyUnwatchable is "" for errors that pass.
func whyUnwatchable(err error) string {
	switch status.Code(err) {
	case codes.NotFound, codes.InvalidArgument:
		return messageNotFound
	case codes.PermissionDenied, codes.Unauthenticated:
		return "Not allowed to watch this job"
	default:
		return ""
	}
}
