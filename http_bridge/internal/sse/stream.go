package sse

import (
	"net/http"
	"time"

	"genwatch/http_bridge/internal/wire"
)

// source is what a stream shows: one viewer, or several.
type source interface {
	// take returns what is due now. It is asked again when woken, and at `again`.
	take(now time.Time) update
	// heard is when anything was last heard about any of its jobs.
	heard() time.Time
	// stuck tells that the stream can't go on here and had better be tried elsewhere.
	stuck(now time.Time) bool
}

// stream is one SSE connection on net/http. Used by one goroutine.
type stream struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
	r       *http.Request
	options *Options
	metrics *Metrics
	// Closed when the server drains.
	drain <-chan struct{}
	// Woken by hubs; holds one wake-up.
	wake chan struct{}

	begun     time.Time
	lastWrite time.Time
	end       time.Time
	timer     *time.Timer
	// When the timer fires; zero if it is not set. It is set anew only to fire earlier: one that
	// fires too early costs less than one that is moved with every event.
	alarm time.Time
}

// newStream answers 200 and the first bytes at once: EventSource gives up for good on anything else.
// Nil if the client is gone already.
func (s *Server) newStream(w http.ResponseWriter, r *http.Request) *stream {
	now := time.Now()
	out := &stream{
		w: w, flusher: http.NewResponseController(w), r: r, options: &s.options, metrics: s.metrics, drain: s.drain,
		wake: make(chan struct{}, 1), begun: now,
		end: now.Add(between(s.options.LifetimeMin, s.options.LifetimeMax)),
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	if r.ProtoMajor == 1 {
		header.Set("Connection", "keep-alive")
	}
	w.WriteHeader(http.StatusOK)
	hello := AppendComment(nil, "ok")
	hello = AppendRetry(hello, between(s.options.RetryMin, s.options.RetryMax).Milliseconds())
	out.timer = time.NewTimer(s.options.Heartbeat)
	out.alarm = now.Add(s.options.Heartbeat)
	if !out.write(hello) {
		return nil
	}
	return out
}

func (s *stream) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write sends bytes at once; false if the client is gone or took nothing for too long.
func (s *stream) write(b []byte) bool {
	if _, err := s.w.Write(b); err != nil {
		s.metrics.WriteFails.Inc()
		return false
	}
	if err := s.flusher.Flush(); err != nil {
		s.metrics.WriteFails.Inc()
		return false
	}
	s.lastWrite = time.Now()
	s.metrics.Bytes.Add(float64(len(b)))
	return true
}

// show writes what the source gives until it has ended, or the stream has to end.
func (s *stream) show(from source) {
	for {
		now := time.Now()
		u := from.take(now)
		if len(u.frames) > 0 {
			if !s.write(u.frames) {
				return
			}
			s.metrics.Events.Add(float64(u.events))
			if u.ended {
				return
			}
			continue // there may be more
		}
		if u.ended || from.stuck(now) {
			return
		}
		if now.Sub(latest(s.begun, from.heard())) >= s.options.Silence {
			s.write(AppendFrame(nil, "", wire.EventTimeout, []byte(wire.Timeout)))
			return
		}
		if !s.wait(u.again) {
			return
		}
	}
}

// wait returns true when there may be something to write or to decide: when woken, at `again` if that
// is not zero, and at least once in a heartbeat's time. It sends the heartbeats. False: the stream
// has to end.
func (s *stream) wait(again time.Time) bool {
	now := time.Now()
	if !now.Before(s.end) {
		return false
	}
	if !now.Before(s.lastWrite.Add(s.options.Heartbeat)) && !s.write(AppendComment(nil, "heartbeat")) {
		return false
	}
	s.arm(now, again)
	select {
	case <-s.wake:
		return true
	case <-s.timer.C:
		s.alarm = time.Time{}
		return true
	case <-s.drain:
		return false
	case <-s.r.Context().Done():
		return false
	}
}

func (s *stream) arm(now, again time.Time) {
	alarm := s.lastWrite.Add(s.options.Heartbeat)
	if s.end.Before(alarm) {
		alarm = s.end
	}
	if !again.IsZero() && again.Before(alarm) {
		alarm = again
	}
	if s.alarm.IsZero() || alarm.Before(s.alarm) {
		s.timer.Reset(alarm.Sub(now))
		s.alarm = alarm
	}
}

// pause waits, with heartbeats; false: the stream has to end.
func (s *stream) pause(d time.Duration) bool {
	until := time.Now().Add(d)
	for time.Now().Before(until) {
		if !s.wait(until) {
			return false
		}
	}
	return true
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
