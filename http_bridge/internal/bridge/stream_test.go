package bridge

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

func TestAJobIsSubmittedAndWatchedToItsEnd(t *testing.T) {
	b := start(t, nil)
	accepted := b.call("POST", "/api/v1/ai/generate", `{"prompt":"Why is the sky blue?"}`)
	if accepted.StatusCode != 202 {
		t.Fatalf("status %d: %s", accepted.StatusCode, accepted.body)
	}
	var body struct {
		Data struct {
			Job struct {
				JobID string `json:"job_id"`
			} `json:"job"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(accepted.body), &body); err != nil {
		t.Fatal(err)
	}
	jobID := body.Data.Job.JobID

	stream := b.open(progressURL(jobID) + "?text=true&max_rate=0")
	if first := stream.Next(); first.Event != "progress" || first.Field(t, "state") != "queued" {
		t.Fatalf("first event: %+v", first)
	}
	b.Progress.Update(jobID, func(j *fakes.Job) { j.Lease(0, 0) })
	b.Progress.Update(jobID, func(j *fakes.Job) { j.Think("hm") })
	b.Progress.Update(jobID, func(j *fakes.Job) { j.Write("Light ") })
	b.Progress.Update(jobID, func(j *fakes.Job) { j.Write("scatters.") })
	b.Progress.Update(jobID, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })

	texts := fakes.Texts{}
	events := stream.Until("complete")
	for _, e := range events {
		texts.Apply(t, e)
	}
	if texts["answer"] != "Light scatters." || texts["thinking"] != "hm" {
		t.Errorf("texts: %v", texts)
	}
	last := events[len(events)-2]
	if last.Event != "progress" || last.Field(t, "status") != "completed" || last.Field(t, "progress") != 100.0 {
		t.Errorf("before complete: %+v", last)
	}
	stream.Ended()
}

func TestTheHeadAndTheFirstBytesComeAtOnceAlsoWithNothingBehind(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.Heartbeat = 50 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	b.Stop()
	stream := b.open(progressURL(jobA)) // returns when the head has come
	header := stream.Response.Header
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if stream.Response.StatusCode != 200 {
		t.Errorf("status %d: EventSource would give up", stream.Response.StatusCode)
	}
	if e := stream.Any(); e.Comment == "" {
		t.Errorf("first: %+v, want a comment", e)
	}
	if e := stream.Any(); e.Retry == "" {
		t.Errorf("second: %+v, want the time to wait before reconnecting", e)
	}
	if e := stream.Any(); e.Comment != "heartbeat" {
		t.Errorf("then: %+v, want heartbeats", e)
	}
	b.Start()
	if e := stream.Next(); e.Event != "progress" {
		t.Errorf("when the services are back: %+v", e)
	}
}

// Named after a defect of the first system: one event while queued, then silence until proxies cut
// the connection, and the wait in the queue counted against the stream.
func TestSeedDefect29AWaitingJobIsKeptAliveByHeartbeatsAndNeverTimesOut(t *testing.T) {
	// Long enough for a busy machine to be silent by itself.
	const silence = 700 * time.Millisecond
	b := start(t, func(o *Options) {
		o.SSE.Heartbeat, o.SSE.Silence = 20*time.Millisecond, silence
	})
	b.Progress.Heartbeats(10 * time.Millisecond)
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA))
	stream.Next()
	for begun := time.Now(); time.Since(begun) < 3*silence; {
		if e := stream.Any(); e.Comment != "heartbeat" {
			t.Fatalf("while it waits: %+v", e)
		}
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	if e := stream.Next(); e.Event != "progress" || e.Field(t, "state") != "processing" {
		t.Errorf("after the wait: %+v", e)
	}
}

func TestATimeoutIsSentOnlyWhenNothingAtAllWasHeard(t *testing.T) {
	b := start(t, func(o *Options) {
		o.SSE.Heartbeat, o.SSE.Silence = 20*time.Millisecond, 100*time.Millisecond
	})
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA))
	stream.Next()
	if e := stream.Next(); e.Event != "timeout" || e.Data != `{"error":"Stream timeout"}` || e.ID != "" {
		t.Errorf("event %+v", e)
	}
	stream.Ended()

	b.Stop() // nor is anything heard before the first question is answered
	stream = b.open(progressURL(jobA))
	if e := stream.Next(); e.Event != "timeout" {
		t.Errorf("event %+v", e)
	}
	stream.Ended()
}

func TestAStreamEndsWithoutAnEventWhenItsTimeIsOver(t *testing.T) {
	b := start(t, func(o *Options) {
		o.SSE.LifetimeMin, o.SSE.LifetimeMax = 50*time.Millisecond, 100*time.Millisecond
	})
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA))
	first := stream.Next()
	stream.Ended()
	if next := b.open(progressURL(jobA), "Last-Event-ID", first.ID).Next(); next.Event != "progress" {
		t.Errorf("resumed with %+v", next)
	}
}

func TestDrainingEndsStreamsWithoutAnEventWithinSeconds(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	streams := []*fakes.Stream{b.open(progressURL(jobA)), b.open("/api/v1/ai/generation/progress?mine=active")}
	for _, stream := range streams {
		stream.Next()
	}
	begun := time.Now()
	b.stop()
	for _, stream := range streams {
		stream.Ended()
	}
	<-b.done
	if taken := time.Since(begun); taken > 2*time.Second {
		t.Errorf("took %v", taken)
	}
}

// Named after a defect of the first system: its page took the browser's own connection error, which
// has the same name and no data, for the end of the job.
func TestAnErrorEventOfOursAlwaysCarriesDataAndALostConnectionIsNone(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA))
	stream.Next()
	b.Stop()
	b.Start()
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	if e := stream.Next(); e.Event != "progress" {
		t.Fatalf("after a blip: %+v", e)
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_EXPIRED) })
	events := stream.Until("error")
	last := events[len(events)-1]
	if last.Field(t, "status") != "failed" || last.Field(t, "state") != "expired" || last.Field(t, "error") == "" {
		t.Errorf("event %+v", last)
	}
}

// Named after a defect of the first system: anybody could watch anybody's job and read its prompt.
func TestAForeignJobIsLikeOneThatNeverWas(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "somebody else")
	foreign, unknown := b.call("GET", statusURL(jobA), ""), b.call("GET", statusURL(jobB), "")
	if foreign.StatusCode != 404 || foreign.body != unknown.body || foreign.body != golden(t, "status_not_found.json") {
		t.Errorf("status: %d %s, unknown: %s", foreign.StatusCode, foreign.body, unknown.body)
	}
	stream := b.open(progressURL(jobA) + "?text=true")
	if e := stream.Next(); e.Event != "error" || e.Data != `{"error":"Job not found"}` {
		t.Errorf("event %+v", e)
	}
	stream.Ended()
	if opened, _ := b.Progress.Watches(); opened != 0 {
		t.Error("it was watched all the same")
	}
}

func TestSomebodyElseCannotJoinAWatchThatRuns(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.open(progressURL(jobA)).Next()
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Owner = "somebody else" })
	if e := b.open(progressURL(jobA)).Next(); e.Event != "error" {
		t.Errorf("event %+v", e)
	}
}

func TestASubmitCanBeAnsweredByTheJobsStream(t *testing.T) {
	b := start(t, nil)
	stream := fakes.Send(t, "POST", b.url+"/api/v1/ai/generate?text=true&max_rate=0", `{"prompt":"Why?"}`,
		"Content-Type", "application/json", "Accept", "application/json;q=0.5, text/event-stream")
	if stream.Response.StatusCode != 200 || stream.Response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", stream.Response.StatusCode, stream.Response.Header)
	}
	jobID, _ := stream.Next().Field(t, "job_id").(string)
	b.Progress.Update(jobID, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Because.") })
	b.Progress.Update(jobID, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	texts := fakes.Texts{}
	for _, e := range stream.Until("complete") {
		texts.Apply(t, e)
	}
	if texts["answer"] != "Because." {
		t.Errorf("text %q", texts["answer"])
	}
	stream.Ended()

	refused := b.call("POST", "/api/v1/ai/generate", `{"prompt":""}`, "Accept", "text/event-stream")
	if refused.StatusCode != 400 || refused.Header.Get("Content-Type") != "application/json" {
		t.Errorf("a bad submit: %d %s", refused.StatusCode, refused.body)
	}
}

func TestMalformedStreamParametersAreNamed(t *testing.T) {
	b := start(t, nil)
	tests := []struct{ query, field string }{
		{"?text=maybe", "text"}, {"?max_rate=fast", "max_rate"}, {"?max_rate=-1", "max_rate"}, {"?max_rate=NaN", "max_rate"},
	}
	for _, test := range tests {
		got := b.call("GET", progressURL(jobA)+test.query, "")
		if got.StatusCode != 400 || !strings.Contains(got.body, `"field":"`+test.field+`"`) {
			t.Errorf("%s: %d %s", test.query, got.StatusCode, got.body)
		}
	}
}
