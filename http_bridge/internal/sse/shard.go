package sse

import (
	"container/heap"
	"sync"
	"time"
)

// shard writes to many connections from one goroutine, with one send for each that never waits. What
// a socket does not take at once is left to a goroutine that exists only while that viewer is behind.
// So a wake-up is shared by all viewers of a job, and a viewer costs no writer and no buffer.
type shard struct {
	metrics *Metrics
	drain   <-chan struct{}
	stopped chan struct{}
	wake    chan struct{}
	sender  sender

	mu sync.Mutex
	// Members that were woken, each once.
	ready []*member

	// Only its goroutine has to do with these.
	alarms   alarms
	draining bool
	served   []*member
	// Counted, and told to the metrics once a round.
	events, bytes int
}

func newShard(metrics *Metrics, drain <-chan struct{}) *shard {
	s := &shard{metrics: metrics, drain: drain, stopped: make(chan struct{}), wake: make(chan struct{}, 1)}
	s.sender.init()
	return s
}

// enqueue puts a member into the next round.
func (s *shard) enqueue(m *member) {
	s.mu.Lock()
	s.ready = append(s.ready, m)
	first := len(s.ready) == 1
	s.mu.Unlock()
	if !first {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run serves until stop; by then no member may be left.
func (s *shard) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	drain := s.drain
	for {
		s.round()
		if len(s.alarms) > 0 {
			timer.Reset(time.Until(s.alarms[0].alarm))
		} else {
			timer.Reset(time.Hour)
		}
		select {
		case <-s.wake:
		case <-timer.C:
		case <-drain:
			drain = nil
			s.empty()
		case <-s.stopped:
			return
		}
	}
}

func (s *shard) stop() { close(s.stopped) }

// round serves everybody who was woken or is due.
func (s *shard) round() {
	s.mu.Lock()
	s.served, s.ready = s.ready, s.served[:0]
	s.mu.Unlock()
	for i, m := range s.served {
		s.served[i] = nil
		m.queued.Store(false)
		s.serve(m)
	}
	for now := time.Now(); len(s.alarms) > 0 && !now.Before(s.alarms[0].alarm); {
		m := heap.Pop(&s.alarms).(*member)
		m.alarm = time.Time{}
		s.serve(m)
	}
	if s.bytes > 0 {
		s.metrics.Events.Add(float64(s.events))
		s.metrics.Bytes.Add(float64(s.bytes))
		s.events, s.bytes = 0, 0
	}
}

// empty ends all streams, without an event; the clients resume elsewhere.
func (s *shard) empty() {
	s.draining = true
	for _, m := range append([]*member(nil), s.alarms...) {
		if m.behind.Load() {
			m.conn.Close() // ends who writes to it
		}
		s.serve(m)
	}
}

// serve gives a member what is due.
func (s *shard) serve(m *member) {
	switch {
	case m.retired:
		return
	case m.behind.Load():
		// Who is behind is served when it has caught up, and has an alarm meanwhile for `empty`.
		s.arm(m, m.alarm)
		return
	case m.gone.Load() || m.ending:
		s.retire(m)
		return
	case s.draining:
		s.finish(m, nil)
		return
	}
	for {
		now := time.Now()
		u := m.next(m.from, now)
		s.events += u.events
		s.bytes += len(u.frames)
		switch {
		case u.ended:
			s.finish(m, u.as(m.chunked))
			return
		case len(u.frames) > 0:
			m.lastWrite = now
			if !s.send(m, u.as(m.chunked)) {
				s.arm(m, u.again)
				return
			}
		}
		if !u.more {
			s.arm(m, u.again)
			return
		}
	}
}

// finish sends the last bytes and the end of the answer.
func (s *shard) finish(m *member, last []byte) {
	m.ending = true
	if m.chunked {
		last = append(append(make([]byte, 0, len(last)+len(lastChunk)), last...), lastChunk...)
	}
	if len(last) == 0 || s.send(m, last) {
		s.retire(m)
	} else {
		s.arm(m, time.Now().Add(m.options.Heartbeat))
	}
}

// send gives the bytes to the socket; false: the member is served again when the rest was written, or
// its connection is found closed.
func (s *shard) send(m *member, b []byte) bool {
	n, err := s.sender.send(m.raw, b)
	switch {
	case err != nil:
		s.metrics.WriteFails.Inc()
		m.conn.Close()
		return false
	case n < len(b):
		m.behind.Store(true)
		go m.catchUp(b[n:])
		return false
	}
	return true
}

// arm has the member looked at at that time, or earlier.
func (s *shard) arm(m *member, at time.Time) {
	switch {
	case m.alarm.IsZero():
		if at.IsZero() {
			at = time.Now().Add(m.options.Heartbeat)
		}
		m.alarm = at
		heap.Push(&s.alarms, m)
	case at.Before(m.alarm):
		m.alarm = at
		heap.Fix(&s.alarms, m.index)
	}
}

func (s *shard) retire(m *member) {
	m.retired = true
	if !m.alarm.IsZero() {
		heap.Remove(&s.alarms, m.index)
		m.alarm = time.Time{}
	}
	go m.finished()
}

// alarms is a heap of members by when they are looked at next.
type alarms []*member

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].alarm.Before(a[j].alarm) }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i, j
}
func (a *alarms) Push(x any) {
	m := x.(*member)
	m.index = len(*a)
	*a = append(*a, m)
}
func (a *alarms) Pop() any {
	last := len(*a) - 1
	m := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return m
}
