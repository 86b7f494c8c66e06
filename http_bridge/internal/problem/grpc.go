package problem

import (
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// statusClientGone is nginx's number for a client that left before the answer.
const statusClientGone = 499

type translation struct {
	status int
	code   string
	// Said instead of the service's words where those are for operators.
	message string
}

var translations = map[codes.Code]translation{
	codes.InvalidArgument:    {http.StatusBadRequest, "INVALID_ARGUMENT", ""},
	codes.OutOfRange:         {http.StatusBadRequest, "OUT_OF_RANGE", ""},
	codes.Unauthenticated:    {http.StatusUnauthorized, "UNAUTHENTICATED", ""},
	codes.PermissionDenied:   {http.StatusForbidden, "PERMISSION_DENIED", ""},
	codes.NotFound:           {http.StatusNotFound, "NOT_FOUND", ""},
	codes.AlreadyExists:      {http.StatusConflict, "ALREADY_EXISTS", ""},
	codes.FailedPrecondition: {http.StatusConflict, "FAILED_PRECONDITION", ""},
	codes.Aborted:            {http.StatusConflict, "ABORTED", ""},
	codes.ResourceExhausted:  {http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", ""},
	codes.Unimplemented:      {http.StatusNotImplemented, "UNIMPLEMENTED", "not available yet"},
	codes.Unavailable:        {http.StatusServiceUnavailable, "UNAVAILABLE", "a service is not available; try again"},
	codes.DeadlineExceeded:   {http.StatusGatewayTimeout, "DEADLINE_EXCEEDED", "a service did not answer in time; try again"},
	codes.Canceled:           {statusClientGone, "CANCELLED", "the client left"},
}

var internalError = translation{http.StatusInternalServerError, "INTERNAL", "internal error"}

// FromGRPC translates a gRPC status: its code to HTTP's, its ErrorInfo to the reason, its BadRequest
// to the faults of fields, its RetryInfo to Retry-After. The words of transport errors and of
// internal ones stay here: they name addresses and insides.
func FromGRPC(err error) *Error {
	s := status.Convert(err)
	t, known := translations[s.Code()]
	if !known {
		t = internalError
	}
	e := &Error{Status: t.status, Code: t.code, Message: s.Message(), Cause: err}
	written := false // by a service: transport errors have no details
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Code = d.GetReason()
			written = true
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, Violation{v.GetField(), v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if t.message != "" && (!written || !known) {
		e.Message = t.message
	}
	if e.RetryAfter == 0 && (e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests) {
		e.RetryAfter = time.Second
	}
	return e
}
