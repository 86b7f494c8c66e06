package sse

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// errFull: the texts of the watched jobs fill the memory set aside for them.
var errFull = errors.New("too many jobs are being watched")

// Hubs has a hub for each watched job. Thread-safe.
type Hubs struct {
	clients []pb.ProgressServiceClient
	options Options
	metrics *Metrics
	round   atomic.Uint64
	// Bytes of text held by all hubs.
	held atomic.Int64

	mu     sync.Mutex
	byJob  map[string]*hub
	closed bool
	wg     sync.WaitGroup
}

// NewHubs watches through the given clients in turn.
func NewHubs(clients []pb.ProgressServiceClient, options Options, metrics *Metrics) *Hubs {
	return &Hubs{clients: clients, options: options, metrics: metrics, byJob: map[string]*hub{}}
}

// Close ends all watches and waits for that.
func (s *Hubs) Close() {
	s.mu.Lock()
	s.closed = true
	for _, h := range s.byJob {
		h.stop()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Hubs) client() pb.ProgressServiceClient {
	return s.clients[s.round.Add(1)%uint64(len(s.clients))]
}

// arrival is how a viewer comes.
type arrival struct {
	user string
	// Where it stands; the zero Cursor if it has not been here. `invalid`: what it sent is unusable.
	from    cursor.Cursor
	invalid bool
	ask     ask
	// Most updates a second; 0: no limit.
	maxRate float64
	wake    func()
}

// join adds a viewer, who has to leave. The caller has made sure that it may watch the job.
func (s *Hubs) join(jobID string, a arrival) (*viewer, error) {
	v := &viewer{ask: a.ask, wake: a.wake, user: a.user, version: a.from.Version}
	if a.maxRate > 0 {
		v.interval = time.Duration(float64(time.Second) / a.maxRate)
	}
	v.place = place{invalid: a.invalid && a.ask.text, offsets: [channels]int64{cursor.None, cursor.None}}
	if a.ask.text {
		v.place.version = a.from.Version
		v.place.textVersion = a.from.TextVersion
		v.place.offsets = [channels]int64{max(0, a.from.Answer), max(0, a.from.Thinking)}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.byJob[jobID]
	if !ok {
		if s.closed || s.held.Load() >= s.options.MaxHeldBytes {
			return nil, errFull
		}
		h = s.openLocked(jobID)
	}
	if h.linger != nil {
		h.linger.Stop()
		h.linger = nil
	}
	v.hub = h
	h.mu.Lock()
	v.place.epoch = h.value.epoch
	v.place.cuts = h.value.cutsOf(v.version)
	h.viewers[v] = struct{}{}
	h.mu.Unlock()
	if !ok {
		s.wg.Go(func() { h.run(h.context) })
	}
	s.metrics.Viewers.Inc()
	return v, nil
}

func (s *Hubs) openLocked(jobID string) *hub {
	ctx, stop := context.WithCancel(context.Background())
	h := &hub{
		hubs: s, jobID: jobID, context: ctx, stop: stop,
		value: newValue(jobID), cache: map[cacheKey]step{}, viewers: map[*viewer]struct{}{},
	}
	h.heard.Store(time.Now().UnixNano())
	s.byJob[jobID] = h
	s.metrics.Hubs.Inc()
	return h
}

func (s *Hubs) leave(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := v.hub
	h.mu.Lock()
	_, present := h.viewers[v]
	delete(h.viewers, v)
	empty := len(h.viewers) == 0
	h.mu.Unlock()
	if !present {
		return
	}
	s.metrics.Viewers.Dec()
	if empty && s.byJob[h.jobID] == h {
		// Who reloads a page is back within a moment, and finds the hub as it was.
		h.linger = time.AfterFunc(s.options.Linger, func() { s.close(h) })
	}
}

// close drops a hub that nobody came back to.
func (s *Hubs) close(h *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.mu.Lock()
	empty := len(h.viewers) == 0
	h.mu.Unlock()
	if empty {
		s.forgetLocked(h)
	}
}

// forget lets the next viewer of the job begin with a new hub.
func (s *Hubs) forget(h *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(h)
}

func (s *Hubs) forgetLocked(h *hub) {
	if s.byJob[h.jobID] != h {
		return
	}
	delete(s.byJob, h.jobID)
	h.stop()
	s.metrics.Hubs.Dec()
	h.mu.Lock()
	h.detached = true
	s.held.Add(-int64(h.value.bytes()))
	h.mu.Unlock()
}

// sleep waits; false if the context ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter spreads a delay over its second half, so that not all come back in the same moment.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}

// between draws a duration from [low, high].
func between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + rand.N(high-low+1)
}
