package sse

import (
	"sync"
	"time"
)

// crowd is what a stream of several jobs shows: a viewer for each, and who comes and goes. Its
// methods are called by the stream's goroutine; admitted and refused by others as well.
type crowd struct {
	// Those that join without being named; nil if none do.
	mine *rosterReader
	// How a job of `mine` is joined.
	join func(jobID string) (*viewer, error)
	wake func()

	viewers map[string]*viewer
	// Jobs that were named, or joined once: they do not join by `mine` again.
	seen map[string]struct{}

	mu sync.Mutex
	// Named jobs that were not decided on yet.
	pending int
	arrived []*viewer
	// Events about jobs that can't be watched.
	refusals []parcel
}

// maxMine bounds the jobs of `mine=active` that are shown at the same time.
const maxMine = 200

func (c *crowd) admitted(v *viewer) {
	c.mu.Lock()
	c.pending--
	c.arrived = append(c.arrived, v)
	c.mu.Unlock()
	c.wake()
}

// refused takes the event that says why, empty if there is nothing to say.
func (c *crowd) refused(why parcel) {
	c.mu.Lock()
	c.pending--
	if len(why.frames) > 0 {
		c.refusals = append(c.refusals, why)
	}
	c.mu.Unlock()
	c.wake()
}

func (c *crowd) take(now time.Time) update {
	var out update
	frames, pending := c.receive(pack(), &out)
	for jobID, v := range c.viewers {
		if len(frames) >= maxStepBytes {
			out.more = true
			break
		}
		u := v.take(now)
		frames = append(frames, u.frames...)
		out.events += u.events
		out.more = out.more || u.more
		if !u.again.IsZero() && (out.again.IsZero() || u.again.Before(out.again)) {
			out.again = u.again
		}
		if u.ended {
			v.leave()
			delete(c.viewers, jobID)
		}
	}
	out.ended = c.mine == nil && pending == 0 && len(c.viewers) == 0
	out.parcel = seal(frames)
	return out
}

// receive takes in who arrived since, and appends what there is to say about those who will not. It
// returns how many named jobs are still to be decided on.
func (c *crowd) receive(frames []byte, out *update) (appended []byte, pending int) {
	c.mu.Lock()
	for _, v := range c.arrived {
		c.viewers[v.hub.jobID] = v
	}
	c.arrived = nil
	for _, why := range c.refusals {
		frames = append(frames, why.frames...)
		out.events++
	}
	c.refusals = nil
	pending = c.pending
	c.mu.Unlock()

	if c.mine == nil {
		return frames, pending
	}
	for _, jobID := range c.mine.jobs() {
		if _, seen := c.seen[jobID]; seen || len(c.viewers) >= maxMine {
			continue
		}
		if v, err := c.join(jobID); err == nil {
			c.viewers[jobID] = v
			c.seen[jobID] = struct{}{}
		}
	}
	return frames, pending
}

func (c *crowd) heard() time.Time {
	var last time.Time
	if c.mine != nil {
		last = time.Unix(0, c.mine.roster.heard.Load())
	}
	for _, v := range c.viewers {
		last = latest(last, v.heard())
	}
	return last
}

func (c *crowd) stuck(now time.Time) bool {
	for _, v := range c.viewers {
		if v.stuck(now) {
			return true
		}
	}
	return false
}

// leave ends all viewers.
func (c *crowd) leave() {
	for _, v := range c.viewers {
		v.leave()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.arrived {
		v.leave()
	}
	c.arrived = nil
}
