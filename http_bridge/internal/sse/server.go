// Package sse shows jobs to browsers as they change: one watch upstream for each job, shared by all
// who look at it, and a cursor for each of them, so that a slow or returning viewer gets the newest
// numbers and all of the text, once.
package sse

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"genwatch/http_bridge/internal/auth"
	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/problem"
	"genwatch/http_bridge/internal/wire"
)

// Server answers the SSE routes. Thread-safe.
type Server struct {
	hubs     *Hubs
	rosters  *rosters
	progress pb.ProgressServiceClient
	jobs     pb.JobServiceClient
	options  Options
	metrics  *Metrics
	drain    chan struct{}
	// None: net/http writes everything.
	shards []*shard

	// Of connections that were taken over, admitted or not.
	wg      sync.WaitGroup
	mu      sync.Mutex
	members map[*member]struct{}
	joined  int
	tidy    tidy
}

// NewServer watches through `watch` (a client for each connection) and asks single questions of
// `progress` and `jobs`.
func NewServer(watch []pb.ProgressServiceClient, progress pb.ProgressServiceClient, jobs pb.JobServiceClient, options Options, metrics *Metrics) *Server {
	hubs := NewHubs(watch, options, metrics)
	s := &Server{
		hubs: hubs, rosters: newRosters(hubs), progress: progress, jobs: jobs, options: options, metrics: metrics,
		drain: make(chan struct{}), members: map[*member]struct{}{},
	}
	if canTakeOver {
		for range options.Shards {
			shard := newShard(metrics, s.drain)
			s.shards = append(s.shards, shard)
			go shard.run()
		}
	}
	return s
}

// Drain ends all streams, without an event: their clients resume elsewhere. Call it once.
func (s *Server) Drain() { close(s.drain) }

// Close cuts off what has not ended, and ends the watches upstream. After the last request.
func (s *Server) Close() {
	s.cut()
	s.wg.Wait()
	for _, shard := range s.shards {
		shard.stop()
	}
	s.rosters.close()
	s.hubs.Close()
}

// ServeJob is GET /api/v1/ai/generation/{job_id}/progress.
func (s *Server) ServeJob(w http.ResponseWriter, r *http.Request) {
	query, err := parseQuery(r)
	if err != nil {
		problem.Write(w, err)
		return
	}
	jobID := r.PathValue("job_id")
	from, invalid := lastSeen(r, jobID)
	if from.Terminal && s.nothingLeft(r.Context(), jobID, from, query.text) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.serve(w, r, func(out *stream) {
		s.follow(out, jobID, arrival{
			from: from, invalid: invalid, ask: ask{text: query.text}, maxRate: query.maxRate(s.options.DefaultRate),
		})
	})
}

// ServeNew streams a job that was just submitted, as the answer to the submit.
func (s *Server) ServeNew(w http.ResponseWriter, r *http.Request, jobID string) {
	query, err := parseQuery(r)
	if err != nil {
		query = streamQuery{} // the job is submitted: better to show it than to complain
	}
	s.serve(w, r, func(out *stream) {
		s.follow(out, jobID, arrival{
			from: cursor.Start(jobID, query.text), ask: ask{text: query.text}, maxRate: query.maxRate(s.options.DefaultRate),
		})
	})
}

// follow shows one job once the service has said that this viewer may watch it.
func (s *Server) follow(out *stream, jobID string, a arrival) {
	a.user, a.wake = auth.User(out.ctx), out.waker()
	delay := s.options.MinBackoff
	for {
		v, refusal, ok := s.joinMeanwhile(out, jobID, a)
		switch {
		case !ok:
			return
		case v != nil:
			out.show(v, v.leave)
			return
		case refusal != "":
			out.write(unwatchable(jobID, refusal, a.ask.many))
			return
		case a.from.Version > 0 && time.Since(out.begun) >= s.options.BehindLimit:
			return // who was shown something elsewhere had better try there
		case time.Since(out.begun) >= s.options.Silence:
			out.write(timedOut)
			return
		}
		if !out.pause(jitter(delay)) {
			return
		}
		delay = min(2*delay, s.options.MaxBackoff)
	}
}

// joinMeanwhile is tryJoin while the stream goes on saying that it is there; not `ok`: it has to end.
func (s *Server) joinMeanwhile(out *stream, jobID string, a arrival) (v *viewer, refusal string, ok bool) {
	var joined struct {
		viewer  *viewer
		refusal string
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		joined.viewer, joined.refusal = s.tryJoin(out.ctx, jobID, a)
	}()
	if out.await(done) {
		return joined.viewer, joined.refusal, true
	}
	go func() { // the question has its own end
		<-done
		if joined.viewer != nil {
			joined.viewer.leave()
		}
	}()
	return nil, "", false
}

// tryJoin returns a viewer, or why there will be none, or neither: try again.
func (s *Server) tryJoin(ctx context.Context, jobID string, a arrival) (v *viewer, refusal string) {
	verdict := s.admit(ctx, jobID, a)
	if !verdict.admitted {
		return nil, verdict.refused
	}
	if verdict.invalid {
		a.from, a.invalid = cursor.Start(jobID, a.ask.text), true
	}
	v, err := s.hubs.join(jobID, a)
	if err != nil {
		slog.Warn("a watch was refused", "job_id", jobID, "error", err)
		return nil, ""
	}
	if verdict.ahead {
		v.hub.raise(a.from.Version)
	}
	return v, ""
}

// verdict is what the services say about a viewer; its zero value: nothing, try again.
type verdict struct {
	admitted bool
	// Why the job can't be watched.
	refused string
	// The cursor names a version that the job has not come to.
	invalid bool
	// The cursor is newer than what progress_service knew.
	ahead bool
}

// admit asks under the viewer's own identity: the service decides who may watch.
func (s *Server) admit(ctx context.Context, jobID string, a arrival) verdict {
	if !wellFormed(jobID) {
		return verdict{refused: messageNotFound}
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.CallTimeout)
	defer cancel()
	answer, err := s.progress.GetProgress(ctx, &pb.GetProgressRequest{JobId: jobID})
	if err != nil {
		return verdict{refused: whyUnwatchable(err)}
	}
	if a.from.Version <= answer.GetProgress().GetVersion() {
		return verdict{admitted: true}
	}
	// This replica is behind, or the cursor is made up. The ledger knows.
	job, err := s.jobs.GetJob(ctx, &pb.GetJobRequest{JobId: jobID, View: pb.JobView_JOB_VIEW_BASIC})
	if err != nil {
		return verdict{refused: whyUnwatchable(err)}
	}
	known := a.from.Version <= job.GetJob().GetVersion()
	return verdict{admitted: true, ahead: known, invalid: !known}
}

// nothingLeft tells whether a terminal cursor holds all that is asked for: 204 stops EventSource.
func (s *Server) nothingLeft(ctx context.Context, jobID string, from cursor.Cursor, text bool) bool {
	if !text || from.Version == 0 { // version 0: the `error` event of an unknown job
		return true
	}
	if from.Answer == cursor.None || from.Thinking == cursor.None {
		return false
	}
	// Until then nothing is answered.
	ctx, cancel := context.WithTimeout(ctx, min(s.options.Waiting, s.options.CallTimeout))
	defer cancel()
	answer, err := s.progress.GetProgress(ctx, &pb.GetProgressRequest{JobId: jobID})
	if err != nil {
		return status.Code(err) == codes.NotFound
	}
	p := answer.GetProgress()
	return wire.Terminal(p.GetState()) && from.Version == p.GetVersion() &&
		from.Answer == int64(p.GetNumbers().GetAnswerBytes()) && from.Thinking == int64(p.GetNumbers().GetThinkingBytes())
}

func (v *viewer) heard() time.Time { return time.Unix(0, v.hub.heard.Load()) }

func (v *viewer) stuck(now time.Time) bool {
	return !v.behind.IsZero() && now.Sub(v.behind) >= v.hub.hubs.options.BehindLimit
}
