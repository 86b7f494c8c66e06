package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/problem"
	"genwatch/http_bridge/internal/wire"
)

const statusTimeout = 5 * time.Second

// status is GET /api/v1/ai/generation/{job_id}/status, answered from progress_service's memory while
// the job runs.
func (b *bridge) status(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), statusTimeout)
	defer cancel()
	jobID := r.PathValue("job_id")
	if !isJobID(jobID) {
		problem.Write(w, problem.Invalid("BAD_JOB_ID", problem.Violation{
			Field: "job_id", Description: "must be job_ and 32 lower-case hexadecimal digits",
		}))
		return
	}
	answer, err := b.progress.GetProgress(ctx, &pb.GetProgressRequest{JobId: jobID})
	if err != nil {
		e := problem.FromGRPC(err)
		if e.Status == http.StatusNotFound {
			problem.WriteJSON(w, http.StatusNotFound, []byte(wire.NotFound))
			return
		}
		problem.Write(w, e)
		return
	}
	p, spec, cursor := answer.GetProgress(), answer.GetSpec(), answer.GetCursor()
	if p == nil {
		problem.Write(w, errors.New("progress_service answered without a snapshot"))
		return
	}
	tag := entityTag(wire.AppendStatus(nil, p, spec, cursor, false))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	problem.WriteJSON(w, http.StatusOK, wire.AppendStatus(nil, p, spec, cursor, true))
}

// entityTag is weak: bodies that differ in the service's clock alone have the same.
func entityTag(content []byte) string {
	sum := sha256.Sum256(content)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

func matches(headers []string, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	for _, header := range headers {
		for candidate := range strings.SplitSeq(header, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == opaque {
				return true
			}
		}
	}
	return false
}

func isJobID(s string) bool {
	digits, ok := strings.CutPrefix(s, "job_")
	if !ok || len(digits) != 32 {
		return false
	}
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
