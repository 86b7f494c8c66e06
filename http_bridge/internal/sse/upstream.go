package sse

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/peer"

	"genwatch/http_bridge/internal/auth"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// errSilent: a replica that promised to say something each second said nothing for much longer.
var errSilent = errors.New("the watch has gone silent")

// listen opens a watch in the user's name and gives what comes to `take`, until the watch breaks,
// falls silent, or `take` has enough, which it says by an error. io.EOF: the watch ended as it should.
func (s *Hubs) listen(ctx context.Context, user string, request *pb.WatchProgressRequest, take func(*pb.WatchProgressResponse) error) error {
	ctx, cancel := context.WithCancelCause(auth.WithUser(ctx, user))
	defer cancel(nil)
	request.HeartbeatMs = uint32(s.options.UpstreamHeartbeat.Milliseconds())
	var replica atomic.Pointer[peer.Peer]
	silence := guardSilence(s.options.UpstreamSilence, func() {
		if p := replica.Load(); p != nil && s.options.OnSilent != nil {
			s.options.OnSilent(p.Addr)
		}
		cancel(errSilent)
	})
	defer silence.stop()
	stream, err := s.client().WatchProgress(ctx, request)
	if err != nil {
		return whyEnded(ctx, err)
	}
	if p, ok := peer.FromContext(stream.Context()); ok {
		replica.Store(p)
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return whyEnded(ctx, err)
		}
		silence.heard()
		if err := take(response); err != nil {
			return err
		}
	}
}

// whyEnded is errSilent if that is why the context ended, else err.
func whyEnded(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// silence calls a function, once, when nothing was heard for so long. Thread-safe.
type silence struct {
	limit time.Duration
	call  func()
	begun time.Time
	// When something was last heard, since `begun`.
	last atomic.Int64

	mu    sync.Mutex
	timer *time.Timer // nil when it is over
	// When the timer is to fire, since `begun`.
	due time.Duration
}

func guardSilence(limit time.Duration, call func()) *silence {
	s := &silence{limit: limit, call: call, begun: time.Now(), due: limit}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(limit, s.look)
	return s
}

// heard is cheap: the timer looks when it would be time, instead of being set anew each time.
func (s *silence) heard() { s.last.Store(int64(time.Since(s.begun))) }

func (s *silence) look() {
	if s.over() {
		s.call()
	}
}

// over tells that the limit is exceeded; else the timer is set for when it may be.
func (s *silence) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil {
		return false
	}
	now := time.Since(s.begun)
	left := time.Duration(s.last.Load()) + s.limit - now
	if now > s.due+s.limit/4 {
		// It was this process that stood still; what was said meanwhile is yet to be read.
		left = s.limit
	}
	if left > 0 {
		s.due = now + left
		s.timer.Reset(left)
		return false
	}
	s.timer = nil
	return true
}

func (s *silence) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
