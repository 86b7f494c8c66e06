package fakes

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Jobs is a JobService beside a Progress: what is submitted here can be watched there.
type Jobs struct {
	pb.UnimplementedJobServiceServer
	progress *Progress

	mu       sync.Mutex
	requests []*pb.SubmitJobRequest
	byID     map[string]*pb.SubmitJobResponse
	specs    map[string]*pb.JobSpec
	orders   []proto.Message
	lists    []*pb.ListJobsRequest
	md       metadata.MD
	fail     error
	gets     int
	versions map[string]uint32
}

func newJobs(progress *Progress) *Jobs {
	return &Jobs{progress: progress, byID: map[string]*pb.SubmitJobResponse{}, specs: map[string]*pb.JobSpec{}, versions: map[string]uint32{}}
}

// Error is a status with an ErrorInfo, as the services write them.
func Error(code codes.Code, reason, message string, violations ...*errdetails.BadRequest_FieldViolation) error {
	s := status.New(code, message)
	s, err := s.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "genwatch"})
	if err == nil && len(violations) > 0 {
		s, err = s.WithDetails(&errdetails.BadRequest{FieldViolations: violations})
	}
	if err != nil {
		panic(err)
	}
	return s.Err()
}

// Fail makes every call answer err; nil ends that.
func (s *Jobs) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Requests are the submits so far.
func (s *Jobs) Requests() []*pb.SubmitJobRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*pb.SubmitJobRequest(nil), s.requests...)
}

// SetVersion makes the ledger know a newer version of a job than Progress does.
func (s *Jobs) SetVersion(jobID string, version uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[jobID] = version
}

// Metadata is that of the last call.
func (s *Jobs) Metadata() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.md
}

// Gets is how often GetJob was called.
func (s *Jobs) Gets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

// Lists are the requests for lists so far.
func (s *Jobs) Lists() []*pb.ListJobsRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*pb.ListJobsRequest(nil), s.lists...)
}

func (s *Jobs) beginLocked(ctx context.Context) error {
	s.md, _ = metadata.FromIncomingContext(ctx)
	return s.fail
}

// SubmitJob implements JobService.
func (s *Jobs) SubmitJob(ctx context.Context, r *pb.SubmitJobRequest) (*pb.SubmitJobResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.beginLocked(ctx); err != nil {
		return nil, err
	}
	if r.GetSpec().GetPrompt() == "" && len(r.GetSpec().GetMessages()) == 0 {
		return nil, Error(codes.InvalidArgument, "INVALID_SPEC", "spec.prompt: is empty",
			&errdetails.BadRequest_FieldViolation{Field: "spec.prompt", Description: "is empty"})
	}
	if r.GetRequestId() != "" && s.byID[r.GetRequestId()] != nil {
		if !proto.Equal(s.specs[r.GetRequestId()], r.GetSpec()) {
			return nil, Error(codes.AlreadyExists, "REQUEST_ID_REUSED", "this request_id was used for another request")
		}
		again := proto.CloneOf(s.byID[r.GetRequestId()])
		again.Existed = true
		return again, nil
	}
	s.requests = append(s.requests, proto.CloneOf(r))
	jobID := fmt.Sprintf("job_%032x", len(s.requests))
	s.progress.Add(jobID, userOf(ctx))
	spec := proto.CloneOf(r.GetSpec())
	if spec.Model == "" {
		spec.Model = "llama3"
	}
	response := &pb.SubmitJobResponse{Job: &pb.Job{JobId: jobID, OwnerId: userOf(ctx), State: pb.Job_STATE_QUEUED, Version: 1, Spec: spec}}
	if r.GetRequestId() != "" {
		s.byID[r.GetRequestId()] = response
		s.specs[r.GetRequestId()] = proto.CloneOf(r.GetSpec())
	}
	return response, nil
}

// GetJob implements JobService.
func (s *Jobs) GetJob(ctx context.Context, r *pb.GetJobRequest) (*pb.GetJobResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if err := s.beginLocked(ctx); err != nil {
		return nil, err
	}
	s.progress.mu.Lock()
	defer s.progress.mu.Unlock()
	job, ok := s.progress.jobs[r.GetJobId()]
	if !ok || job.Owner != userOf(ctx) {
		return nil, Error(codes.NotFound, "JOB_NOT_FOUND", "no such job")
	}
	return &pb.GetJobResponse{Job: &pb.Job{
		JobId: r.GetJobId(), OwnerId: job.Owner, State: job.Progress.State, Spec: job.Spec,
		Version: max(job.Progress.Version, s.versions[r.GetJobId()]),
	}}, nil
}

// ListJobs implements JobService.
func (s *Jobs) ListJobs(ctx context.Context, r *pb.ListJobsRequest) (*pb.ListJobsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = append(s.lists, proto.CloneOf(r))
	return &pb.ListJobsResponse{}, s.beginLocked(ctx)
}

// CancelJob implements JobService.
func (s *Jobs) CancelJob(ctx context.Context, r *pb.CancelJobRequest) (*pb.CancelJobResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.beginLocked(ctx); err != nil {
		return nil, err
	}
	found := false
	s.progress.Update(r.GetJobId(), func(j *Job) {
		if found = j != nil; found {
			j.End(pb.Job_STATE_CANCELLED)
		}
	})
	if !found {
		return nil, Error(codes.NotFound, "JOB_NOT_FOUND", "no such job")
	}
	return &pb.CancelJobResponse{Job: &pb.Job{JobId: r.GetJobId(), State: pb.Job_STATE_CANCELLED}}, nil
}

// ListModels implements JobService.
func (s *Jobs) ListModels(ctx context.Context, _ *pb.ListModelsRequest) (*pb.ListModelsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &pb.ListModelsResponse{Models: []*pb.Model{{Name: "library/llama3:8b", SizeBytes: 4.7e9}}, Simulated: true}, s.beginLocked(ctx)
}
