package bridge

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/problem"
)

func TestTheOrdersOverREST(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	tests := []struct {
		method, path, body string
		want               proto.Message
		contains           string
	}{
		{"POST", "/api/v1/jobs/" + jobA + ":pause", "", &pb.PauseJobRequest{JobId: jobA}, `"state":"STATE_PAUSED"`},
		{"POST", "/api/v1/jobs/" + jobA + ":resume", "", &pb.ResumeJobRequest{JobId: jobA}, `"state":"STATE_QUEUED"`},
		{"POST", "/api/v1/jobs/" + jobA + ":retry", "", &pb.RetryJobRequest{JobId: jobA}, `"retry_of":"` + jobA + `"`},
		{"PATCH", "/api/v1/jobs/" + jobA, `{"priority":"PRIORITY_HIGH"}`, &pb.UpdateJobRequest{JobId: jobA, Priority: pb.Priority_PRIORITY_HIGH}, `"priority":"PRIORITY_HIGH"`},
		{"DELETE", "/api/v1/jobs/" + jobA, "", &pb.DeleteJobRequest{JobId: jobA}, `{}`},
		{"GET", "/api/v1/queue?model=llama3", "", &pb.GetQueueRequest{Model: "llama3"}, `"hold_note":"new weights"`},
		{"GET", "/api/v1/queue", "", &pb.GetQueueRequest{}, `"queue_position":1`},
		{"GET", "/api/v1/model_stats", "", &pb.GetModelStatsRequest{}, `"success_rate":0.9`},
		{"GET", "/api/v1/model_stats?model=llama3&period=PERIOD_WEEK&periods=8", "",
			&pb.GetModelStatsRequest{Model: "llama3", Period: pb.ModelStats_PERIOD_WEEK, Periods: 8}, `"finished":9`},
		{"GET", "/api/v1/estimate?model=llama3&job_class=title&think=THINKING_ON&num_predict=100&prompt_bytes=64", "",
			&pb.EstimateJobRequest{Model: "llama3", JobClass: "title", Think: pb.Thinking_THINKING_ON, NumPredict: 100, PromptBytes: 64}, `"past_jobs":40`},
		{"GET", "/api/v1/estimate", "", &pb.EstimateJobRequest{}, `"tokens":250`},
		{"GET", "/api/v1/estimate_samples?model=llama3&limit=100", "", &pb.ListEstimateSamplesRequest{Model: "llama3", Limit: 100}, `"told_ms":4000`},
		{"POST", "/api/v1/models/library/llama3:8b:hold", `{"note":"x"}`, &pb.HoldModelRequest{Model: "library/llama3:8b", Note: "x"}, `{}`},
		{"POST", "/api/v1/models/llama3:release", "", &pb.ReleaseModelRequest{Model: "llama3"}, `{}`},
	}
	for i, test := range tests {
		got := b.call(test.method, test.path, test.body)
		if got.StatusCode != 200 || !strings.Contains(strings.ReplaceAll(got.body, `": `, `":`), test.contains) {
			t.Errorf("%s %s: %d %s, want 200 with %s", test.method, test.path, got.StatusCode, got.body, test.contains)
		}
		if orders := b.Jobs.Orders(); len(orders) != i+1 || !proto.Equal(orders[i], test.want) {
			t.Fatalf("%s %s: the service was told %v, want %v", test.method, test.path, orders, test.want)
		}
	}
	b.Progress.Add(jobB, "somebody")
	for _, id := range []string{jobB, "job_" + strings.Repeat("9", 32)} {
		for _, verb := range []string{":pause", ":resume", ":retry"} {
			if got := b.call("POST", "/api/v1/jobs/"+id+verb, ""); got.StatusCode != 404 || got.refusal(t).Code != "JOB_NOT_FOUND" {
				t.Errorf("%s of a job that is not mine: %d %s", verb, got.StatusCode, got.body)
			}
		}
	}
}

func TestPostsAreAskedForByTheirLabels(t *testing.T) {
	b := start(t, nil)
	for query, want := range map[string]*pb.ListJobsRequest{
		"label_keys=kind&states=STATE_QUEUED&states=STATE_PROCESSING&page_size=20": {
			LabelKeys: []string{"kind"}, States: []pb.Job_State{pb.Job_STATE_QUEUED, pb.Job_STATE_PROCESSING}, PageSize: 20},
		"labels[kind]=app&page_token=x": {Labels: map[string]string{"kind": "app"}, PageToken: "x"},
	} {
		if got := b.call("GET", "/api/v1/jobs?"+query, ""); got.StatusCode != 200 {
			t.Errorf("%s: %d %s", query, got.StatusCode, got.body)
		}
		lists := b.Jobs.Lists()
		if len(lists) == 0 || !proto.Equal(lists[len(lists)-1], want) {
			t.Errorf("%s: the service was asked %v, want %v", query, lists, want)
		}
	}
}

func TestWhoIsNoOperatorIsForbiddenToHold(t *testing.T) {
	b := start(t, nil)
	b.Jobs.Fail(fakes.Error(codes.PermissionDenied, "NOT_AN_OPERATOR", "only operators may hold and release models"))
	for _, verb := range []string{":hold", ":release"} {
		got := b.call("POST", "/api/v1/models/llama3"+verb, map[bool]string{true: "{}"}[verb == ":hold"])
		if r := got.refusal(t); got.StatusCode != 403 || r.Code != "NOT_AN_OPERATOR" || !strings.Contains(r.Error, "operators") {
			t.Errorf("%s: %d %s", verb, got.StatusCode, got.body)
		}
	}
}

func TestAWrongStateIsAConflictOnEveryOrder(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Jobs.Fail(fakes.Error(codes.FailedPrecondition, "WRONG_STATE", "PauseJob: job is completed; only queued and processing jobs can be paused"))
	for _, order := range [][3]string{
		{"POST", ":cancel", ""}, {"POST", ":pause", ""}, {"POST", ":resume", ""}, {"POST", ":retry", ""},
		{"PATCH", "", `{"priority":"PRIORITY_LOW"}`}, {"DELETE", "", ""},
	} {
		got := b.call(order[0], "/api/v1/jobs/"+jobA+order[1], order[2])
		if r := got.refusal(t); got.StatusCode != 409 || r.Code != "WRONG_STATE" || !strings.Contains(r.Error, "is completed") {
			t.Errorf("%s %s: %d %s", order[0], order[1], got.StatusCode, got.body)
		}
	}
}

func TestAPriorityThatIsNoneIsNamed(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	for _, body := range []string{`{"priority":"asap"}`, `{"prio":"PRIORITY_HIGH"}`, `{"priority":`} {
		if got := b.call("PATCH", "/api/v1/jobs/"+jobA, body); got.StatusCode != 400 || got.refusal(t).Code != "INVALID_REQUEST" {
			t.Errorf("%s: %d %s", body, got.StatusCode, got.body)
		}
	}
	if orders := b.Jobs.Orders(); len(orders) != 0 {
		t.Errorf("the service was told all the same: %v", orders)
	}
}

func TestAParameterThatIsWrongIsNamedInWordsForPeople(t *testing.T) {
	b := start(t, nil)
	for query, want := range map[string]problem.Violation{
		"estimate_samples?limit=-1":                {Field: "limit", Description: `"-1" is not a valid value`},
		"jobs?page_size=99999999999":               {Field: "page_size", Description: `"99999999999" is not a valid value`},
		"jobs?states=STATE_QUEUED&states=nonsense": {Field: "states", Description: `"nonsense" is not a valid value`},
		"model_stats?period=%22a%20year%22":        {Field: "period", Description: `"\"a year\"" is not a valid value`},
	} {
		got := b.call("GET", "/api/v1/"+query, "")
		r := got.refusal(t)
		if got.StatusCode != 400 || r.Code != "INVALID_REQUEST" || len(r.Violations) != 1 {
			t.Errorf("%s: %d %s", query, got.StatusCode, got.body)
		} else if v := problem.Violation(r.Violations[0]); v != want || r.Error != want.Field+" "+want.Description {
			t.Errorf("%s: %q, %q", query, r.Error, v)
		}
	}
}

// The two routes that submit, with bodies that ask for the same and for something else.
var submits = []struct{ path, body, other, named string }{
	{"/api/v1/ai/generate", `{"prompt":"a"}`, `{"prompt":"b"}`, `{"prompt":"a","request_id":"k2"}`},
	{"/api/v1/jobs", `{"spec":{"prompt":"a"}}`, `{"spec":{"prompt":"b"}}`, `{"spec":{"prompt":"a"},"request_id":"k2"}`},
}

func TestTheIdempotencyKeyIsTheRequestIDOnBothRoutes(t *testing.T) {
	for _, submit := range submits {
		t.Run(submit.path, func(t *testing.T) {
			b := start(t, nil)
			first := b.call("POST", submit.path, submit.body, "Idempotency-Key", "k1")
			again := b.call("POST", submit.path, submit.body, "Idempotency-Key", "k1")
			if first.StatusCode/100 != 2 || again.StatusCode != first.StatusCode || len(b.Jobs.Requests()) != 1 {
				t.Fatalf("first %d %s, again %d %s, %d jobs", first.StatusCode, first.body, again.StatusCode, again.body, len(b.Jobs.Requests()))
			}
			if id := b.Jobs.Requests()[0].GetRequestId(); id != "k1" {
				t.Errorf("request_id %q", id)
			}
			if !strings.Contains(strings.ReplaceAll(again.body, `": `, `":`), `"existed":true`) {
				t.Errorf("again: %s", again.body)
			}
			other := b.call("POST", submit.path, submit.other, "Idempotency-Key", "k1")
			if r := other.refusal(t); other.StatusCode != 409 || r.Code != "REQUEST_ID_REUSED" {
				t.Errorf("another body: %d %s", other.StatusCode, other.body)
			}
			two := b.call("POST", submit.path, submit.named, "Idempotency-Key", "k1")
			if r := two.refusal(t); two.StatusCode != 400 || len(r.Violations) != 1 || r.Violations[0].Field != "request_id" {
				t.Errorf("two keys: %d %s", two.StatusCode, two.body)
			}
			if got := b.call("POST", submit.path, submit.body); got.StatusCode/100 != 2 || len(b.Jobs.Requests()) != 2 {
				t.Errorf("without a key: %d %s", got.StatusCode, got.body)
			}
		})
	}
}
