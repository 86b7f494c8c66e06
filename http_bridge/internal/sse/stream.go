package sse

import (
	"context"
	"net/http"
	"time"
)

// output is where a stream's bytes go. An error means that the client is gone, or took nothing for
// too long.
type output interface {
	send(p parcel) error
	// close ends the answer as a whole one.
	close()
}

// stream is one SSE connection that a goroutine of its own writes: to its end on net/http, until its
// job may be shown on a connection that was taken over. Used by one goroutine.
type stream struct {
	pace
	out     output
	metrics *Metrics
	// Ends when the client is gone.
	ctx context.Context
	// Closed when the server drains.
	drain <-chan struct{}
	// Who shows sources in this stream's stead; nil: the stream itself.
	member *member
	// Woken by hubs; holds one wake-up.
	wake chan struct{}

	timer *time.Timer
	// When the timer fires; zero if it is not set. It is set anew only to fire earlier: one that
	// fires too early costs less than one that is moved with every event.
	alarmed time.Time
}

// responseOutput is net/http's own way: any protocol, with TLS or without.
type responseOutput struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
}

func (o responseOutput) send(p parcel) error {
	if _, err := o.w.Write(p.frames); err != nil {
		return err
	}
	return o.flusher.Flush()
}

func (o responseOutput) close() {}

// hello is the first bytes of a stream, which come at once: EventSource gives up for good on anything
// but a 200.
func (s *Server) hello() parcel {
	b := AppendComment(pack(), "ok")
	return seal(AppendRetry(b, between(s.options.RetryMin, s.options.RetryMax).Milliseconds()))
}

func (s *Server) newStream(ctx context.Context, out output) *stream {
	return &stream{
		pace: s.options.newPace(), out: out, metrics: s.metrics, ctx: ctx, drain: s.drain,
		wake: make(chan struct{}, 1), timer: time.NewTimer(s.options.Heartbeat), alarmed: time.Now().Add(s.options.Heartbeat),
	}
}

// waker is what hubs call when there may be something new; it never blocks.
func (s *stream) waker() func() {
	if s.member != nil {
		return s.member.notify
	}
	wake := s.wake
	return func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// write sends at once; false if the client is gone.
func (s *stream) write(p parcel) bool {
	if err := s.out.send(p); err != nil {
		s.metrics.WriteFails.Inc()
		return false
	}
	s.lastWrite = time.Now()
	s.metrics.Bytes.Add(float64(len(p.frames)))
	return true
}

// show shows the source until it or the stream has ended, then calls `done`. On a connection that was
// taken over it returns at once.
func (s *stream) show(from source, done func()) {
	if s.member != nil {
		s.member.handOver(s.pace, from, done)
		return
	}
	defer done()
	for {
		u := s.next(from, time.Now())
		if len(u.frames) > 0 {
			if !s.write(u.parcel) {
				return
			}
			s.metrics.Events.Add(float64(u.events))
		}
		if u.ended {
			return
		}
		if !u.more && !s.rest(u.again) {
			return
		}
	}
}

// rest waits until woken, or until then; false: the stream has to end.
func (s *stream) rest(until time.Time) bool {
	if s.alarmed.IsZero() || until.Before(s.alarmed) {
		s.timer.Reset(time.Until(until))
		s.alarmed = until
	}
	select {
	case <-s.wake:
		return true
	case <-s.timer.C:
		s.alarmed = time.Time{}
		return true
	case <-s.drain:
		return false
	case <-s.ctx.Done():
		return false
	}
}

// await waits for `done`, with heartbeats; false: the stream has to end.
func (s *stream) await(done <-chan struct{}) bool {
	for {
		now := time.Now()
		switch {
		case s.over(now):
			return false
		case s.heartbeatDue(now) && !s.write(heartbeat):
			return false
		}
		timer := time.NewTimer(time.Until(s.alarm(now, time.Time{})))
		select {
		case <-done:
			timer.Stop()
			return true
		case <-timer.C:
		case <-s.drain:
			return false
		case <-s.ctx.Done():
			return false
		}
	}
}

// pause waits, with heartbeats; false: the stream has to end.
func (s *stream) pause(d time.Duration) bool {
	until := time.Now().Add(d)
	for {
		now := time.Now()
		switch {
		case s.over(now):
			return false
		case !now.Before(until):
			return true
		case s.heartbeatDue(now) && !s.write(heartbeat):
			return false
		}
		if !s.rest(s.alarm(now, until)) {
			return false
		}
	}
}
