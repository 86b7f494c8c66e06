package sse

import (
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

// pace knows what a stream says when, whichever way it is written. Used by one goroutine at a time.
type pace struct {
	options *Options
	// `lastWrite` is set by whoever writes.
	begun, end, lastWrite time.Time
	// Something was shown: who waits for the first event hears more often that it is waited for.
	answered bool
}

func (o *Options) newPace() pace {
	now := time.Now()
	return pace{options: o, begun: now, end: now.Add(between(o.LifetimeMin, o.LifetimeMax))}
}

// Shared by all streams.
var (
	heartbeat = seal(AppendComment(pack(), "heartbeat"))
	timedOut  = seal(AppendFrame(pack(), "", wire.EventTimeout, []byte(wire.Timeout)))
)

// next is what to do now: send what there is, then end if `ended`, ask again at once if `more`, else
// when woken, and at `again` at the latest.
func (p *pace) next(from source, now time.Time) update {
	if p.over(now) {
		return update{ended: true}
	}
	u := from.take(now)
	p.answered = p.answered || len(u.frames) > 0
	switch {
	case u.ended || len(u.frames) > 0:
	case from.stuck(now):
		return update{ended: true}
	case p.silent(now, from.heard()):
		return update{parcel: timedOut, ended: true}
	case p.heartbeatDue(now):
		return update{parcel: heartbeat, more: true}
	}
	u.again = p.alarm(now, u.again)
	return u
}

// over tells that the stream has lived long enough.
func (p *pace) over(now time.Time) bool { return !now.Before(p.end) }

// silent tells that nothing was heard for so long that viewers are told.
func (p *pace) silent(now, heard time.Time) bool {
	return now.Sub(latest(p.begun, heard)) >= p.options.Silence
}

func (p *pace) heartbeatDue(now time.Time) bool {
	return !now.Before(p.lastWrite.Add(p.silence()))
}

// silence is how long the stream may say nothing.
func (p *pace) silence() time.Duration {
	if p.answered {
		return p.options.Heartbeat
	}
	return min(p.options.Waiting, p.options.Heartbeat)
}

// alarm is when to look at the stream again: at `again` unless that is zero, for the next heartbeat, or
// at the end.
func (p *pace) alarm(now, again time.Time) time.Time {
	at := p.lastWrite.Add(p.silence())
	if at.Before(now) {
		at = now.Add(p.silence()) // this move writes
	}
	if p.end.Before(at) {
		at = p.end
	}
	if !again.IsZero() && again.Before(at) {
		at = again
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
