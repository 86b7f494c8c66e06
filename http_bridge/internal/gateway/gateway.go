// Package gateway serves JobService as plain REST, as gateway.yaml maps it.
package gateway

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/problem"
)

const (
	// Of a call that answers at once.
	callTimeout = 10 * time.Second
	// What a call that may hold (GetJob with wait_ms, at most a minute) gets on top.
	waitMargin = 5 * time.Second
	maxWait    = time.Minute
)

// New returns the REST routes. The connection of `jobs` sets the caller's identity: nothing of the
// request's headers becomes metadata, but that Idempotency-Key is the request_id of a submit.
func New(jobs pb.JobServiceClient) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions:   protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
			UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
		}),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(writeRoutingError),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	if err := pb.RegisterJobServiceHandlerClient(context.Background(), mux, keyedJobs{jobs}); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(withKey(r), timeoutOf(r))
		defer cancel()
		r = r.WithContext(ctx)
		// Time limits are ours to set, and the runtime reads these two by itself.
		r.Header.Del("Grpc-Timeout")
		r.Header.Del("Authorization")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	}), nil
}

func timeoutOf(r *http.Request) time.Duration {
	wait, err := strconv.ParseUint(r.URL.Query().Get("wait_ms"), 10, 32)
	if err != nil {
		return callTimeout
	}
	return max(callTimeout, min(maxWait, time.Duration(wait)*time.Millisecond)+waitMargin)
}

// protojson says where in its own words: "proto: (line 1:2): unknown field "x"".
var decoderPrefix = regexp.MustCompile(`^proto:[\s\x{a0}]*(syntax error )?(\(line \d+:\d+\): )?`)

// The router says of a parameter: `parsing field "limit": strconv.ParseUint: parsing "-1": invalid
// syntax`, or `parsing list "states": "x" is not a valid value`.
var badParameter = regexp.MustCompile(`^parsing (?:field|list) "([^"]+)": (?:strconv\.\w+: parsing )?("(?:[^"\\]|\\.)*")`)

// violationOf is what is wrong with a parameter, if that is what the message says.
func violationOf(message string) (problem.Violation, bool) {
	found := badParameter.FindStringSubmatch(message)
	if found == nil {
		return problem.Violation{}, false
	}
	return problem.Violation{Field: found[1], Description: found[2] + " is not a valid value"}, true
}

func writeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	var custom *runtime.HTTPStatusError
	if errors.As(err, &custom) {
		err = custom.Err
	}
	e := problem.FromGRPC(err)
	if s := status.Convert(err); s.Code() == codes.InvalidArgument && len(s.Details()) == 0 {
		e.Code = "INVALID_REQUEST"
		if violation, ok := violationOf(e.Message); ok {
			e = problem.Invalid(e.Code, violation)
		} else {
			e.Message = decoderPrefix.ReplaceAllString(e.Message, "")
		}
	}
	problem.Write(w, e)
}

func writeRoutingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, httpStatus int) {
	switch httpStatus {
	case http.StatusMethodNotAllowed:
		problem.Write(w, problem.New(httpStatus, "METHOD_NOT_ALLOWED", "this path does not take this method"))
	case http.StatusBadRequest:
		problem.Write(w, problem.New(httpStatus, "INVALID_PATH", "the path is malformed"))
	default:
		problem.Write(w, problem.New(http.StatusNotFound, "ROUTE_NOT_FOUND", "there is nothing at this path"))
	}
}
