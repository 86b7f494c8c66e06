package bridge

import (
	"encoding/json"
	"testing"

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
