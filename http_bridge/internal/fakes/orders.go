package fakes

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Orders are the requests that name a job or a model, but for CancelJob, so far.
func (s *Jobs) Orders() []proto.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]proto.Message(nil), s.orders...)
}

// order notes a request, and answers the job it names in the state that the order leads to.
func (s *Jobs) order(ctx context.Context, request proto.Message, jobID string, state pb.Job_State) (*pb.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.beginLocked(ctx); err != nil {
		return nil, err
	}
	s.orders = append(s.orders, proto.CloneOf(request))
	s.progress.mu.Lock()
	defer s.progress.mu.Unlock()
	if job, ok := s.progress.jobs[jobID]; !ok || job.Owner != userOf(ctx) {
		return nil, Error(codes.NotFound, "JOB_NOT_FOUND", "no such job")
	}
	return &pb.Job{JobId: jobID, State: state}, nil
}

// PauseJob implements JobService.
func (s *Jobs) PauseJob(ctx context.Context, r *pb.PauseJobRequest) (*pb.PauseJobResponse, error) {
	job, err := s.order(ctx, r, r.GetJobId(), pb.Job_STATE_PAUSED)
	return &pb.PauseJobResponse{Job: job}, err
}

// ResumeJob implements JobService.
func (s *Jobs) ResumeJob(ctx context.Context, r *pb.ResumeJobRequest) (*pb.ResumeJobResponse, error) {
	job, err := s.order(ctx, r, r.GetJobId(), pb.Job_STATE_QUEUED)
	return &pb.ResumeJobResponse{Job: job}, err
}

// RetryJob implements JobService.
func (s *Jobs) RetryJob(ctx context.Context, r *pb.RetryJobRequest) (*pb.RetryJobResponse, error) {
	job, err := s.order(ctx, r, r.GetJobId(), pb.Job_STATE_QUEUED)
	if err != nil {
		return nil, err
	}
	job.RetryOf, job.JobId = job.JobId, "job_00000000000000000000000000000fff"
	return &pb.RetryJobResponse{Job: job}, nil
}

// UpdateJob implements JobService.
func (s *Jobs) UpdateJob(ctx context.Context, r *pb.UpdateJobRequest) (*pb.UpdateJobResponse, error) {
	job, err := s.order(ctx, r, r.GetJobId(), pb.Job_STATE_QUEUED)
	if err != nil {
		return nil, err
	}
	job.Spec = &pb.JobSpec{Priority: r.GetPriority()}
	return &pb.UpdateJobResponse{Job: job}, nil
}

// DeleteJob implements JobService.
func (s *Jobs) DeleteJob(ctx context.Context, r *pb.DeleteJobRequest) (*pb.DeleteJobResponse, error) {
	_, err := s.order(ctx, r, r.GetJobId(), pb.Job_STATE_COMPLETED)
	return &pb.DeleteJobResponse{}, err
}

// HoldModel implements JobService.
func (s *Jobs) HoldModel(ctx context.Context, r *pb.HoldModelRequest) (*pb.HoldModelResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.HoldModelResponse{}, s.beginLocked(ctx)
}

// ReleaseModel implements JobService.
func (s *Jobs) ReleaseModel(ctx context.Context, r *pb.ReleaseModelRequest) (*pb.ReleaseModelResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.ReleaseModelResponse{}, s.beginLocked(ctx)
}

// GetModelStats implements JobService.
func (s *Jobs) GetModelStats(ctx context.Context, r *pb.GetModelStatsRequest) (*pb.GetModelStatsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.GetModelStatsResponse{Stats: []*pb.ModelStats{{
		Model: "llama3", Period: pb.ModelStats_PERIOD_WEEK, Finished: 9, Failed: 1, SuccessRate: proto.Float64(0.9), MedianTokens: 250,
	}}}, s.beginLocked(ctx)
}

// EstimateJob implements JobService.
func (s *Jobs) EstimateJob(ctx context.Context, r *pb.EstimateJobRequest) (*pb.EstimateJobResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.EstimateJobResponse{
		Model: "llama3", Basis: pb.EstimateJobResponse_BASIS_CLASS, PastJobs: 40, Tokens: proto.Uint32(250),
	}, s.beginLocked(ctx)
}

// ListEstimateSamples implements JobService.
func (s *Jobs) ListEstimateSamples(ctx context.Context, r *pb.ListEstimateSamplesRequest) (*pb.ListEstimateSamplesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.ListEstimateSamplesResponse{Samples: []*pb.EstimateSample{{Model: "llama3", Share: 50, ToldMs: 4000, TrueMs: 3000}}}, s.beginLocked(ctx)
}

// GetQueue implements JobService.
func (s *Jobs) GetQueue(ctx context.Context, r *pb.GetQueueRequest) (*pb.GetQueueResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, proto.CloneOf(r))
	return &pb.GetQueueResponse{Queues: []*pb.ModelQueue{{
		Model: "llama3", Held: true, HoldNote: "new weights", Waiting: 2,
		Entries: []*pb.QueueEntry{{State: pb.Job_STATE_QUEUED, QueuePosition: 1}},
	}}}, s.beginLocked(ctx)
}
