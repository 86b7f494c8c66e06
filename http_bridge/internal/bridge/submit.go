package bridge

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"genwatch/http_bridge/internal/gateway"
	"genwatch/http_bridge/internal/problem"
	"genwatch/http_bridge/internal/submit"
	"genwatch/http_bridge/internal/wire"
)

// submitTimeout covers the services' own waits for their stores.
const submitTimeout = 10 * time.Second

// generate is POST /api/v1/ai/generate: 202 with the job, or, to a client that accepts an event
// stream, 200 with the job's own stream.
func (b *bridge) generate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		problem.Write(w, problem.New(http.StatusBadRequest, "BODY_INCOMPLETE", "the body ended early"))
		return
	}
	request, err := submit.Decode(body, r.Header.Get(gateway.KeyHeader))
	if err != nil {
		problem.Write(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), submitTimeout)
	defer cancel()
	response, err := b.jobs.SubmitJob(ctx, request)
	if err != nil {
		problem.Write(w, ownTerms(problem.FromGRPC(err)))
		return
	}
	job := response.GetJob()
	w.Header().Set("Location", "/api/v1/ai/generation/"+job.GetJobId()+"/status")
	if acceptsEventStream(r.Header.Values("Accept")) {
		limitSendBuffer(r.Context())
		b.streams.ServeNew(w, r, job.GetJobId())
		return
	}
	problem.WriteJSON(w, http.StatusAccepted, wire.AppendAccepted(nil, job, response.GetExisted()))
}

// ownTerms names fields as this route has them: without the message around them.
func ownTerms(e *problem.Error) *problem.Error {
	for i := range e.Violations {
		e.Violations[i].Field = strings.TrimPrefix(e.Violations[i].Field, "spec.")
	}
	return e
}

func acceptsEventStream(accept []string) bool {
	for _, header := range accept {
		for part := range strings.SplitSeq(header, ",") {
			if kind, parameters, err := mime.ParseMediaType(part); err == nil && kind == "text/event-stream" && parameters["q"] != "0" {
				return true
			}
		}
	}
	return false
}
