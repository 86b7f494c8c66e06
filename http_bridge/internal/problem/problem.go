// Package problem is how a refused request looks: one JSON shape for all routes, in the terms of
// the request's own fields, with a stable reason.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Violation is one fault of one field of the request.
type Violation struct {
	// As the client wrote it: "options.num_ctx".
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Error is a refusal.
type Error struct {
	// HTTP's.
	Status int
	// A stable UPPER_SNAKE word. Clients branch on this one.
	Code string
	// For people.
	Message    string
	Violations []Violation
	// When to try again; 0: nothing is said.
	RetryAfter time.Duration
	// What lies behind it, for the log alone.
	Cause error
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// New is a refusal that no single field is to blame for.
func New(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// Invalid is a 400 that lists the faults.
func Invalid(code string, violations ...Violation) *Error {
	texts := make([]string, 0, len(violations))
	for _, v := range violations {
		texts = append(texts, v.Field+" "+v.Description)
	}
	return &Error{Status: http.StatusBadRequest, Code: code, Message: strings.Join(texts, "; "), Violations: violations}
}

type body struct {
	Success    bool        `json:"success"`
	Error      string      `json:"error"`
	Code       string      `json:"code"`
	Violations []Violation `json:"field_violations"`
}

// Write answers with err, which is an *Error, a gRPC status or anything else (then it is a 500 that
// tells nothing of the inside).
func Write(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = FromGRPC(err)
	}
	if e.Status == http.StatusInternalServerError {
		cause := err
		if e.Cause != nil {
			cause = e.Cause
		}
		slog.Error("a request failed", "error", cause) // the client is not told
	}
	answer := body{Error: e.Message, Code: e.Code, Violations: e.Violations}
	if answer.Violations == nil {
		answer.Violations = []Violation{}
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	WriteJSON(w, e.Status, encode(answer))
}

// WriteJSON answers with a finished JSON body, which nobody stores unless the caller has said so.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // a client that is gone needs no answer
}

func encode(answer body) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		panic(err) // strings only
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
