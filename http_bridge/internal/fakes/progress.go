// Package fakes has in-process gRPC servers to test the bridge against: real servers on real
// sockets, with a ProgressService that keeps the promises of its proto on jobs that a test moves,
// and a JobService that knows as much as the tests need.
package fakes

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Job is what the fake knows of one job. Tests change it through Progress.Update.
type Job struct {
	Owner    string
	Progress *pb.Progress
	Answer   string
	Thinking string
	Bases    []*pb.LeaseBase
	Spec     *pb.JobSpec
	// The terminal update was said.
	Terminal bool
}

// Lease begins a new lease that keeps that much of the texts.
func (j *Job) Lease(keptAnswer, keptThinking int) {
	p := j.Progress
	p.Version++
	p.Sequence = 0
	p.Attempt++
	p.State = pb.Job_STATE_PROCESSING
	p.Phase = pb.Phase_PHASE_LOADING
	j.Answer, j.Thinking = j.Answer[:keptAnswer], j.Thinking[:keptThinking]
	j.Bases = append(j.Bases, &pb.LeaseBase{Version: p.Version, Answer: uint32(keptAnswer), Thinking: uint32(keptThinking)})
}

// Write appends to the answer and publishes a state.
func (j *Job) Write(text string) {
	j.Answer += text
	j.Progress.Sequence++
	j.Progress.Phase = pb.Phase_PHASE_GENERATING
	j.Progress.Numbers.CurrentTokens++
	j.Progress.Numbers.AnswerBytes = uint32(len(j.Answer))
}

// Think appends to the thinking text and publishes a state.
func (j *Job) Think(text string) {
	j.Thinking += text
	j.Progress.Sequence++
	j.Progress.Phase = pb.Phase_PHASE_THINKING
	j.Progress.Numbers.ThinkingBytes = uint32(len(j.Thinking))
}

// End ends the job.
func (j *Job) End(state pb.Job_State) {
	j.Progress.Version++
	j.Progress.Sequence = 0
	j.Progress.State = state
	j.Progress.Phase = pb.Phase_PHASE_UNSPECIFIED
	if state == pb.Job_STATE_COMPLETED {
		j.Progress.Numbers.Percent = 100
	}
	j.Terminal = true
}

// Progress is a ProgressService.
type Progress struct {
	pb.UnimplementedProgressServiceServer

	mu      sync.Mutex
	jobs    map[string]*Job
	changed chan struct{}
	// Opened so far, open now.
	watches, open int
	gets          int
	// The first target's cursor, by watch.
	cursors []string
	// Of the last call.
	md metadata.MD
	// If set, GetProgress and WatchProgress answer it.
	fail error
	// If set, watches send an empty message that often, whatever they ask for.
	heartbeat time.Duration
}

func newProgress() *Progress {
	return &Progress{jobs: map[string]*Job{}, changed: make(chan struct{})}
}

// Add puts a waiting job of `owner` there.
func (s *Progress) Add(jobID, owner string) {
	s.AddJob(jobID, &Job{Owner: owner, Spec: &pb.JobSpec{Prompt: "Why is the sky blue?"}, Progress: &pb.Progress{
		JobId: jobID, Version: 1, State: pb.Job_STATE_QUEUED, Numbers: &pb.JobNumbers{}, MaxFailures: 3, Model: "llama3",
		CreateTime: timestamppb.Now(), QueuePosition: 1, QueueSize: 1,
	}})
}

// AddJob puts a job there.
func (s *Progress) AddJob(jobID string, job *Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[jobID] = job
	s.wakeLocked()
}

// Update changes a job and tells its watchers.
func (s *Progress) Update(jobID string, change func(*Job)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.jobs[jobID])
	s.wakeLocked()
}

// Fail makes every call answer err; nil ends that.
func (s *Progress) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
	s.wakeLocked()
}

// Heartbeats makes watches that are opened from now on send an empty message that often, instead of as
// often as they ask for.
func (s *Progress) Heartbeats(every time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heartbeat = every
}

// Watches is how many watches were opened so far, and how many are open.
func (s *Progress) Watches() (opened, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watches, s.open
}

// Gets is how often GetProgress was called.
func (s *Progress) Gets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

// Cursors are those that watches came with.
func (s *Progress) Cursors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.cursors...)
}

// Metadata is that of the last call.
func (s *Progress) Metadata() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.md
}

func (s *Progress) wakeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func userOf(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	if users := md.Get("x-genwatch-user"); len(users) == 1 {
		return users[0]
	}
	return ""
}

func (s *Progress) findLocked(ctx context.Context, jobID string) (*Job, error) {
	user := userOf(ctx)
	s.md, _ = metadata.FromIncomingContext(ctx)
	if s.fail != nil {
		return nil, s.fail
	}
	if user == "" {
		return nil, status.Error(codes.Unauthenticated, "no identity")
	}
	job, ok := s.jobs[jobID]
	if !ok || job.Owner != user {
		return nil, status.Errorf(codes.NotFound, "job %s not found", jobID)
	}
	return job, nil
}

// GetProgress implements ProgressService.
func (s *Progress) GetProgress(ctx context.Context, r *pb.GetProgressRequest) (*pb.GetProgressResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	job, err := s.findLocked(ctx, r.GetJobId())
	if err != nil {
		return nil, err
	}
	at := cursor.Start(r.GetJobId(), false)
	at.Version, at.Sequence, at.Terminal = job.Progress.Version, job.Progress.Sequence, job.Terminal
	return &pb.GetProgressResponse{Progress: snapshot(job), Cursor: at.String(), Spec: job.Spec}, nil
}

func snapshot(job *Job) *pb.Progress {
	p := proto.CloneOf(job.Progress)
	p.ServerTime = timestamppb.Now()
	return p
}

// follower is where one watch stands with one job.
type follower struct {
	jobID string
	at    cursor.Cursor
	// How the first update differs from the others.
	first bool
	bases int
	// What was last said about the queue.
	queue string
	done  bool
}

// WatchProgress implements ProgressService.
func (s *Progress) WatchProgress(r *pb.WatchProgressRequest, stream pb.ProgressService_WatchProgressServer) error {
	s.mu.Lock()
	s.watches++
	s.open++
	if len(r.GetTargets()) > 0 {
		s.cursors = append(s.cursors, r.GetTargets()[0].GetCursor())
	}
	every := s.heartbeat
	if every == 0 {
		every = time.Duration(r.GetHeartbeatMs()) * time.Millisecond
	}
	var heartbeats <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		heartbeats = ticker.C
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()

	followers := map[string]*follower{}
	var order []string
	follow := func(jobID, from string) {
		f := &follower{jobID: jobID, first: true, at: cursor.Start(jobID, r.GetText())}
		if parsed, err := cursor.Parse(from); err == nil && parsed.Hash == f.at.Hash {
			f.at = parsed
		}
		followers[jobID] = f
		order = append(order, jobID)
	}
	for _, target := range r.GetTargets() {
		follow(target.GetJobId(), target.GetCursor())
	}
	for {
		s.mu.Lock()
		changed := s.changed
		if r.GetMineActive() {
			for jobID, job := range s.jobs {
				if followers[jobID] == nil && job.Owner == userOf(stream.Context()) && !job.Terminal {
					follow(jobID, "")
				}
			}
		}
		response := &pb.WatchProgressResponse{}
		running := r.GetMineActive()
		for _, jobID := range order {
			f := followers[jobID]
			if f.done {
				continue
			}
			job, err := s.findLocked(stream.Context(), jobID)
			if err != nil {
				s.mu.Unlock()
				return err
			}
			if u := f.update(job, r.GetText()); u != nil {
				response.Updates = append(response.Updates, u)
				f.done = u.GetTerminal()
			}
			running = running || !f.done
		}
		if s.fail != nil {
			err := s.fail
			s.mu.Unlock()
			return err
		}
		s.mu.Unlock()
		if len(response.Updates) > 0 {
			if err := stream.Send(response); err != nil {
				return err
			}
		}
		if !running {
			return nil
		}
		select {
		case <-changed:
		case <-heartbeats:
			if err := stream.Send(&pb.WatchProgressResponse{}); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
