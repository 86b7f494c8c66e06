package sse

import (
	"fmt"
	"net/http"
	"strconv"

	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/problem"
)

// streamQuery is what a stream's URL asks for.
type streamQuery struct {
	text bool
	// Updates a second, 0: no limit; nil: not said.
	rate *float64
}

func (q streamQuery) maxRate(defaultRate float64) float64 {
	if q.rate == nil {
		return defaultRate
	}
	return *q.rate
}

// parseQuery reads `text` and `max_rate`; other parameters are left to others.
func parseQuery(r *http.Request) (streamQuery, error) {
	var q streamQuery
	var violations []problem.Violation
	values := r.URL.Query()
	if text := values.Get("text"); text != "" {
		parsed, err := strconv.ParseBool(text)
		if err != nil {
			violations = append(violations, problem.Violation{Field: "text", Description: "must be true or false"})
		}
		q.text = parsed
	}
	if rate := values.Get("max_rate"); rate != "" {
		parsed, err := strconv.ParseFloat(rate, 64)
		if err != nil || !(parsed >= 0) || parsed > maxMaxRate {
			violations = append(violations, problem.Violation{
				Field: "max_rate", Description: fmt.Sprintf("must be a number of updates a second from 0 (no limit) to %d", maxMaxRate),
			})
		}
		q.rate = &parsed
	}
	if len(violations) > 0 {
		return q, problem.Invalid("INVALID_QUERY", violations...)
	}
	return q, nil
}

const maxMaxRate = 1_000_000

// lastSeen is where the client stands: the header, which EventSource sends when it reconnects, or
// the parameter, for a first connection. The zero Cursor if it says nothing; `invalid` if what it
// says is not a cursor of this job.
func lastSeen(r *http.Request, jobID string) (from cursor.Cursor, invalid bool) {
	sent := r.Header.Get("Last-Event-ID")
	if sent == "" {
		sent = r.URL.Query().Get("last_event_id")
	}
	if sent == "" {
		return cursor.Cursor{}, false
	}
	parsed, err := cursor.Parse(sent)
	if err != nil || parsed.Hash != cursor.Hash(jobID) {
		return cursor.Cursor{}, true
	}
	return parsed, false
}

// wellFormed tells whether a job's id can be put to a service at all; whether it is known, and looks
// as it should, the service says.
func wellFormed(jobID string) bool {
	if jobID == "" || len(jobID) > 128 {
		return false
	}
	for _, c := range []byte(jobID) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
