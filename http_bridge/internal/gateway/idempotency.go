package gateway

import (
	"context"
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// KeyHeader makes a submit idempotent, as `request_id` of its body does.
const KeyHeader = "Idempotency-Key"

type keyContext struct{}

func withKey(r *http.Request) context.Context {
	return context.WithValue(r.Context(), keyContext{}, r.Header.Get(KeyHeader))
}

// keyedJobs hands the header of a submit on as its request_id.
type keyedJobs struct {
	pb.JobServiceClient
}

func (j keyedJobs) SubmitJob(ctx context.Context, r *pb.SubmitJobRequest, options ...grpc.CallOption) (*pb.SubmitJobResponse, error) {
	key, _ := ctx.Value(keyContext{}).(string)
	if key != "" && r.GetRequestId() != "" && r.GetRequestId() != key {
		return nil, differs()
	}
	if key != "" {
		r = proto.CloneOf(r)
		r.RequestId = key
	}
	return j.JobServiceClient.SubmitJob(ctx, r, options...)
}

func differs() error {
	const description = "differs from the " + KeyHeader + " header"
	s := status.New(codes.InvalidArgument, "request_id: "+description)
	detailed, err := s.WithDetails(
		&errdetails.ErrorInfo{Reason: "INVALID_REQUEST", Domain: "genwatch"},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "request_id", Description: description}}})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
