package sse

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// roster knows which jobs of one user have not ended, from one watch upstream for all streams of
// that user. What happens to each job comes from its hub. Thread-safe.
type roster struct {
	user  string
	stop  context.CancelFunc
	heard atomic.Int64

	mu      sync.Mutex
	active  map[string]struct{}
	readers map[*rosterReader]struct{}
}

// rosterReader is a stream that wants to know of new jobs.
type rosterReader struct {
	roster *roster
	wake   func()
}

// jobs are those active now.
func (r *rosterReader) jobs() []string {
	r.roster.mu.Lock()
	defer r.roster.mu.Unlock()
	ids := make([]string, 0, len(r.roster.active))
	for id := range r.roster.active {
		ids = append(ids, id)
	}
	return ids
}

// rosters has one for each user who watches all of their jobs.
type rosters struct {
	hubs *Hubs

	mu     sync.Mutex
	byUser map[string]*roster
	closed bool
	wg     sync.WaitGroup
}

func newRosters(hubs *Hubs) *rosters { return &rosters{hubs: hubs, byUser: map[string]*roster{}} }

// join adds a reader, who has to leave.
func (s *rosters) join(user string, wake func()) *rosterReader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.byUser[user]
	if !ok {
		ctx, stop := context.WithCancel(context.Background())
		r = &roster{user: user, stop: stop, active: map[string]struct{}{}, readers: map[*rosterReader]struct{}{}}
		r.heard.Store(time.Now().UnixNano())
		if s.closed {
			stop()
		}
		s.byUser[user] = r
		s.wg.Go(func() { s.run(ctx, r) })
	}
	reader := &rosterReader{roster: r, wake: wake}
	r.mu.Lock()
	r.readers[reader] = struct{}{}
	r.mu.Unlock()
	return reader
}

func (s *rosters) leave(reader *rosterReader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := reader.roster
	r.mu.Lock()
	delete(r.readers, reader)
	empty := len(r.readers) == 0
	r.mu.Unlock()
	if empty && s.byUser[r.user] == r {
		delete(s.byUser, r.user)
		r.stop()
	}
}

func (s *rosters) close() {
	s.mu.Lock()
	s.closed = true
	for _, r := range s.byUser {
		r.stop()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *rosters) run(ctx context.Context, r *roster) {
	delay := s.hubs.options.MinBackoff
	for {
		heardBefore := r.heard.Load()
		s.watch(ctx, r)
		if r.heard.Load() != heardBefore {
			delay = s.hubs.options.MinBackoff
		}
		if !sleep(ctx, jitter(delay)) {
			return
		}
		s.hubs.metrics.UpstreamLost.Inc()
		delay = min(2*delay, s.hubs.options.MaxBackoff)
	}
}

// watch reads until the watch breaks.
func (s *rosters) watch(ctx context.Context, r *roster) {
	first := true
	// However it ends, it is opened again.
	_ = s.hubs.listen(ctx, r.user, &pb.WatchProgressRequest{
		MineActive: true,
		MaxRate:    1, // only coming and going matter here
	}, func(response *pb.WatchProgressResponse) error {
		r.heard.Store(time.Now().UnixNano())
		r.apply(response.GetUpdates(), first)
		first = false
		return nil
	})
}

// apply takes in an answer; the first of a watch says anew which jobs there are.
func (r *roster) apply(updates []*pb.JobUpdate, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first {
		clear(r.active)
	}
	grown := false
	for _, u := range updates {
		if u.GetTerminal() || u.GetError() != nil {
			delete(r.active, u.GetJobId())
			continue
		}
		if _, known := r.active[u.GetJobId()]; !known {
			r.active[u.GetJobId()] = struct{}{}
			grown = true
		}
	}
	if grown {
		for reader := range r.readers {
			reader.wake()
		}
	}
}
