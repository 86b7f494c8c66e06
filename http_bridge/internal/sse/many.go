package sse

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"genwatch/http_bridge/internal/auth"
	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/problem"
)

// manyQuery is what a stream of several jobs asks for.
type manyQuery struct {
	streamQuery
	jobIDs []string
	mine   bool
	// By the hash of their job.
	cursors map[uint64]cursor.Cursor
	// Jobs whose cursor is unusable.
	invalid map[string]bool
}

func (s *Server) parseMany(r *http.Request) (manyQuery, error) {
	var q manyQuery
	var err error
	if q.streamQuery, err = parseQuery(r); err != nil {
		return q, err
	}
	values := r.URL.Query()
	fault := func(field, format string, args ...any) (manyQuery, error) {
		return q, problem.Invalid("INVALID_QUERY", problem.Violation{Field: field, Description: fmt.Sprintf(format, args...)})
	}
	switch values.Get("mine") {
	case "":
	case "active":
		q.mine = true
	default:
		return fault("mine", "must be active")
	}
	for _, jobID := range values["job_id"] {
		if !slices.Contains(q.jobIDs, jobID) {
			q.jobIDs = append(q.jobIDs, jobID)
		}
	}
	switch {
	case len(q.jobIDs) == 0 && !q.mine:
		return fault("job_id", "is required, at least once, unless mine=active is given")
	case len(q.jobIDs) > s.options.MaxJobs:
		return fault("job_id", "may be given at most %d times", s.options.MaxJobs)
	case len(values["cursor"]) > maxMine:
		return fault("cursor", "may be given at most %d times", maxMine)
	}
	q.readCursors(values["cursor"])
	return q, nil
}

// readCursors matches cursors and jobs by the hash in the cursor. One that matches nothing makes the
// job at its place start over: its client expects it to be understood.
func (q *manyQuery) readCursors(cursors []string) {
	q.cursors, q.invalid = map[uint64]cursor.Cursor{}, map[string]bool{}
	named := map[uint64]bool{}
	for _, jobID := range q.jobIDs {
		named[cursor.Hash(jobID)] = true
	}
	var unmatched []int
	for i, text := range cursors {
		parsed, err := cursor.Parse(text)
		if err == nil && (named[parsed.Hash] || q.mine) {
			q.cursors[parsed.Hash] = parsed
		} else if text != "" {
			unmatched = append(unmatched, i)
		}
	}
	for _, i := range unmatched {
		if i < len(q.jobIDs) {
			if _, matched := q.cursors[cursor.Hash(q.jobIDs[i])]; !matched {
				q.invalid[q.jobIDs[i]] = true
			}
		}
	}
}

// ServeMany is GET /api/v1/ai/generation/progress.
func (s *Server) ServeMany(w http.ResponseWriter, r *http.Request) {
	q, err := s.parseMany(r)
	if err != nil {
		problem.Write(w, err)
		return
	}
	left := s.withoutFinished(r.Context(), q)
	if len(left) == 0 && !q.mine {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.serve(w, r, func(out *stream) { s.showMany(out, q, left) })
}

// showMany shows the jobs `left` of those asked for, and others that join.
func (s *Server) showMany(out *stream, q manyQuery, left []string) {
	user := auth.User(out.ctx)
	// Not the stream's: it ends when the stream is handed over.
	ctx, cancel := context.WithCancel(auth.WithUser(context.Background(), user))
	wake := out.waker()
	arrive := func(jobID string) arrival {
		return arrival{
			user: user, from: q.cursors[cursor.Hash(jobID)], invalid: q.invalid[jobID],
			ask: ask{text: q.text, many: true}, maxRate: q.maxRate(s.options.DefaultRate), wake: wake,
		}
	}
	everyone := &crowd{
		viewers: map[string]*viewer{}, seen: map[string]struct{}{}, pending: len(left), wake: wake,
		join: func(jobID string) (*viewer, error) { return s.hubs.join(jobID, arrive(jobID)) },
	}
	for _, jobID := range q.jobIDs {
		everyone.seen[jobID] = struct{}{}
	}
	var wg sync.WaitGroup
	for _, jobID := range left {
		wg.Go(func() { s.enter(ctx, everyone, jobID, arrive(jobID)) })
	}
	if q.mine {
		everyone.mine = s.rosters.join(user, wake)
		out.answered = true // there may be nothing to show
	}
	out.show(everyone, func() {
		cancel()
		wg.Wait()
		if everyone.mine != nil {
			s.rosters.leave(everyone.mine)
		}
		everyone.leave()
	})
}

// withoutFinished are the named jobs of which the client has not seen everything.
func (s *Server) withoutFinished(ctx context.Context, q manyQuery) []string {
	finished := make([]bool, len(q.jobIDs))
	var wg sync.WaitGroup
	for i, jobID := range q.jobIDs {
		if from, ok := q.cursors[cursor.Hash(jobID)]; ok && from.Terminal {
			wg.Go(func() { finished[i] = s.nothingLeft(ctx, jobID, from, q.text) })
		}
	}
	wg.Wait()
	var left []string
	for i, jobID := range q.jobIDs {
		if !finished[i] {
			left = append(left, jobID)
		}
	}
	return left
}

// enter brings one named job into the crowd once the service has said that it may be watched.
func (s *Server) enter(ctx context.Context, everyone *crowd, jobID string, a arrival) {
	delay := s.options.MinBackoff
	for {
		v, refusal := s.tryJoin(ctx, jobID, a)
		switch {
		case v != nil:
			everyone.admitted(v)
			return
		case refusal != "":
			everyone.refused(unwatchable(jobID, refusal, true))
			return
		}
		if !sleep(ctx, jitter(delay)) {
			everyone.refused(parcel{})
			return
		}
		delay = min(2*delay, s.options.MaxBackoff)
	}
}
