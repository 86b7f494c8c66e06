package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// refusal is the body of every refused request.
type refusal struct {
	Success    *bool  `json:"success"`
	Error      string `json:"error"`
	Code       string `json:"code"`
	Violations []struct {
		Field       string `json:"field"`
		Description string `json:"description"`
	} `json:"field_violations"`
}

func (a answer) refusal(t *testing.T) refusal {
	t.Helper()
	var r refusal
	decoder := json.NewDecoder(strings.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || r.Success == nil || *r.Success || r.Error == "" || r.Code == "" || r.Violations == nil {
		t.Fatalf("not the shape of a refusal: %d %s (%v)", a.StatusCode, a.body, err)
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
	return r
}

func TestASubmitIsAnsweredAsTheGoldenFileSays(t *testing.T) {
	b := start(t, nil)
	got := b.call("POST", "/api/v1/ai/generate", `{"prompt":"Why?","model":"llama3.1:8b"}`)
	want := strings.Replace(golden(t, "accepted.json"), jobA, "job_00000000000000000000000000000001", 1)
	if got.StatusCode != http.StatusAccepted || got.body != want {
		t.Errorf("%d %s, want 202 %s", got.StatusCode, got.body, want)
	}
	got = b.call("POST", "/api/v1/ai/generate", `{"prompt":""}`)
	if want := golden(t, "refused.json"); got.StatusCode != 400 || got.body != strings.Replace(want, "prompt is empty", "spec.prompt: is empty", 1) {
		t.Errorf("%d %s, want 400 %s", got.StatusCode, got.body, want)
	}
}

func TestBadSubmitsNameTheFieldAndWhatIsExpected(t *testing.T) {
	b := start(t, nil)
	tests := []struct {
		name, body string
		status     int
		code       string
		field      string
		says       string
	}{
		{"empty body", ``, 400, "INVALID_REQUEST", "body", "JSON object"},
		{"not JSON", `{"prompt":`, 400, "INVALID_REQUEST", "body", "not valid JSON"},
		{"not an object", `["prompt"]`, 400, "INVALID_REQUEST", "body", "JSON object"},
		{"two objects", `{"prompt":"a"}{}`, 400, "INVALID_REQUEST", "body", "after its end"},
		{"unknown field", `{"prompt":"a","prompts":"b"}`, 400, "INVALID_REQUEST", "prompts", "known are"},
		{"field twice", `{"prompt":"a","prompt":"b"}`, 400, "INVALID_REQUEST", "prompt", "twice"},
		{"wrong type", `{"prompt":7}`, 400, "INVALID_REQUEST", "prompt", "must be a string"},
		{"invalid UTF-8", "{\"prompt\":\"a\xff\"}", 400, "INVALID_REQUEST", "prompt", "UTF-8"},
		{"half a surrogate pair", `{"prompt":"a\ud83d"}`, 400, "INVALID_REQUEST", "prompt", "surrogate"},
		{"the other half", `{"system":"\udf0d"}`, 400, "INVALID_REQUEST", "system", "surrogate"},
		{"unknown priority", `{"prompt":"a","priority":"asap"}`, 400, "INVALID_REQUEST", "priority", "low, normal, high, urgent"},
		{"priority of another type", `{"prompt":"a","priority":1}`, 400, "INVALID_REQUEST", "priority", "low, normal, high, urgent"},
		{"option out of range", `{"prompt":"a","options":{"num_ctx":-1}}`, 400, "INVALID_REQUEST", "options.num_ctx", "whole number from 0"},
		{"option not whole", `{"prompt":"a","options":{"num_predict":1.5}}`, 400, "INVALID_REQUEST", "options.num_predict", "whole number"},
		{"option not a number", `{"prompt":"a","options":{"temperature":"hot"}}`, 400, "INVALID_REQUEST", "options.temperature", "number"},
		{"unknown option", `{"prompt":"a","options":{"mirostat":1}}`, 400, "INVALID_REQUEST", "options.mirostat", "known are"},
		{"stop", `{"prompt":"a","options":{"stop":["x",3]}}`, 400, "INVALID_REQUEST", "options.stop[1]", "string"},
		{"message", `{"messages":[{"role":"user","text":"a"}]}`, 400, "INVALID_REQUEST", "messages[0].text", "known are"},
		{"messages", `{"messages":{}}`, 400, "INVALID_REQUEST", "messages", "list"},
		{"label", `{"prompt":"a","labels":{"k":1}}`, 400, "INVALID_REQUEST", "labels.k", "string"},
		{"format", `{"prompt":"a","format":"xml"}`, 400, "INVALID_REQUEST", "format", "JSON schema"},
		{"think", `{"prompt":"a","think":"hard"}`, 400, "INVALID_REQUEST", "think", "true, false"},
		{"deadline", `{"prompt":"a","deadlines":{"waiting_ms":"1m"}}`, 400, "INVALID_REQUEST", "deadlines.waiting_ms", "whole number"},
		{"tools", `{"prompt":"a","tools":[{}]}`, 400, "TOOLS_UNSUPPORTED", "tools", "not supported"},
		{"images", `{"messages":[{"role":"user","content":"a","images":["x"]}]}`, 400, "IMAGES_UNSUPPORTED", "messages[0].images", "not supported"},
		{"what the service refuses", `{"prompt":""}`, 400, "INVALID_SPEC", "prompt", "empty"},
		{"too large", `{"prompt":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "BODY_TOO_LARGE", "", "1 MiB"},
		{"deep", strings.Repeat(`{"prompt":`, 20_000), 400, "INVALID_REQUEST", "body", "not valid JSON"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := b.call("POST", "/api/v1/ai/generate", test.body, "Content-Type", "application/json")
			r := got.refusal(t)
			if got.StatusCode != test.status || r.Code != test.code {
				t.Errorf("%d %s, want %d %s", got.StatusCode, r.Code, test.status, test.code)
			}
			said := r.Error
			if test.field != "" {
				if len(r.Violations) == 0 {
					t.Fatalf("no field is named: %s", got.body)
				}
				if r.Violations[0].Field != test.field {
					t.Errorf("field %q, want %q", r.Violations[0].Field, test.field)
				}
				said = r.Violations[0].Description
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("says %q, want it to tell %q", said, test.says)
			}
		})
	}
	if n := len(b.Jobs.Requests()); n != 0 {
		t.Errorf("%d jobs were submitted all the same", n)
	}
}

func TestAllFaultsOfASubmitAreNamedAtOnce(t *testing.T) {
	b := start(t, nil)
	r := b.call("POST", "/api/v1/ai/generate", `{"prompt":1,"priority":"asap","options":{"seed":"x"},"x":1}`).refusal(t)
	if len(r.Violations) != 4 {
		t.Errorf("violations %+v", r.Violations)
	}
}

func TestASubmitCarriesEveryField(t *testing.T) {
	b := start(t, nil)
	got := b.call("POST", "/api/v1/ai/generate", `{"prompt":"a\ud83c\udf0d","system":"s","model":"library/llama3:8b","priority":"urgent",
		"options":{"num_predict":100,"num_ctx":4096,"temperature":0.5,"top_p":0.9,"seed":-7,"stop":"END"},"format":{"type":"object"},
		"think":"high","keep_alive_ms":-1,"job_class":"title","labels":{"k":"v"},"deadlines":{"waiting_ms":1e3,"running_ms":2,"silence_ms":3},
		"resume_policy":"fail","request_id":"r1","messages":null}`)
	if got.StatusCode != 202 {
		t.Fatal(got.body)
	}
	r := b.Jobs.Requests()[0]
	s := r.Spec
	if r.RequestId != "r1" || s.Prompt != "a🌍" || s.System != "s" || s.Model != "library/llama3:8b" || s.Priority != pb.Priority_PRIORITY_HIGH ||
		s.Options.GetNumPredict() != 100 || s.Options.GetNumCtx() != 4096 || s.Options.GetTemperature() != 0.5 || s.Options.GetTopP() != 0.9 ||
		s.Options.GetSeed() != -7 || len(s.Options.Stop) != 1 || s.Format.GetJsonSchema() == nil || s.Think != pb.Thinking_THINKING_HIGH ||
		s.GetKeepAliveMs() != -1 || s.JobClass != "title" || s.Labels["k"] != "v" || s.Deadlines.WaitingMs != 1000 || s.Deadlines.SilenceMs != 3 ||
		s.ResumePolicy != pb.ResumePolicy_RESUME_POLICY_FAIL {
		t.Errorf("request %v", r)
	}
}

func TestServiceErrorsBecomeHTTPOnesOnEveryRoute(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	retry, err := status.New(codes.ResourceExhausted, "queue full").WithDetails(
		&errdetails.ErrorInfo{Reason: "QUEUE_FULL"}, &errdetails.RetryInfo{RetryDelay: nil})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		err    error
		status int
		code   string
		retry  string
		hidden string
	}{
		{fakes.Error(codes.InvalidArgument, "BAD_OPTION", "options.num_ctx: too large"), 400, "BAD_OPTION", "", ""},
		{fakes.Error(codes.OutOfRange, "OFFSET_PAST_END", "offset"), 400, "OFFSET_PAST_END", "", ""},
		{fakes.Error(codes.Unauthenticated, "NO_IDENTITY", "who"), 401, "NO_IDENTITY", "", ""},
		{fakes.Error(codes.PermissionDenied, "NOT_OPERATOR", "no"), 403, "NOT_OPERATOR", "", ""},
		{fakes.Error(codes.NotFound, "MODEL_NOT_FOUND", "model x is not known"), 404, "MODEL_NOT_FOUND", "", ""},
		{fakes.Error(codes.AlreadyExists, "REQUEST_ID_REUSED", "other body"), 409, "REQUEST_ID_REUSED", "", ""},
		{fakes.Error(codes.FailedPrecondition, "WRONG_STATE", "can't cancel a completed job"), 409, "WRONG_STATE", "", ""},
		{fakes.Error(codes.Aborted, "CONFLICT", "again"), 409, "CONFLICT", "", ""},
		{retry.Err(), 429, "QUEUE_FULL", "1", ""},
		{fakes.Error(codes.Unavailable, "LEDGER_UNAVAILABLE", "the ledger does not answer"), 503, "LEDGER_UNAVAILABLE", "1", ""},
		{status.Error(codes.Unavailable, "dial tcp 10.0.0.7:50051: refused"), 503, "UNAVAILABLE", "1", "10.0.0.7"},
		{status.Error(codes.Unimplemented, "unknown method HoldModel"), 501, "UNIMPLEMENTED", "", "HoldModel"},
		{status.Error(codes.Internal, "SELECT * FROM secrets"), 500, "INTERNAL", "", "SELECT"},
		{status.Error(codes.Unknown, "/home/me/x.cc"), 500, "INTERNAL", "", "x.cc"},
		{status.Error(codes.DataLoss, "x.cc"), 500, "INTERNAL", "", "x.cc"},
	}
	for _, test := range tests {
		b.Jobs.Fail(test.err)
		for _, call := range []func() answer{
			func() answer { return b.call("POST", "/api/v1/ai/generate", `{"prompt":"a"}`) },
			func() answer { return b.call("POST", "/api/v1/jobs", `{"spec":{"prompt":"a"}}`) },
			func() answer { return b.call("POST", "/api/v1/jobs/"+jobA+":cancel", "") },
			func() answer { return b.call("GET", "/api/v1/models", "") },
		} {
			got := call()
			r := got.refusal(t)
			if got.StatusCode != test.status || r.Code != test.code || got.Header.Get("Retry-After") != test.retry {
				t.Errorf("%v: %d %s, Retry-After %q", test.err, got.StatusCode, got.body, got.Header.Get("Retry-After"))
			}
			if test.hidden != "" && strings.Contains(got.body, test.hidden) {
				t.Errorf("%v: the answer tells of the inside: %s", test.err, got.body)
			}
		}
	}
}

func TestServicesThatAreAwayAreA503(t *testing.T) {
	b := start(t, nil)
	b.Stop()
	for _, got := range []answer{
		b.call("POST", "/api/v1/ai/generate", `{"prompt":"a"}`), b.call("GET", statusURL(jobA), ""), b.call("GET", "/api/v1/jobs", ""),
	} {
		if r := got.refusal(t); got.StatusCode != 503 || r.Code != "UNAVAILABLE" || strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	}
	if got := b.call("GET", "/readyz", ""); got.StatusCode != 503 || !strings.Contains(got.body, `"progress_service":"unreachable"`) {
		t.Errorf("/readyz: %d %s", got.StatusCode, got.body)
	}
	if got := b.call("GET", "/healthz", ""); got.StatusCode != 200 {
		t.Errorf("/healthz: %d", got.StatusCode)
	}
	b.Start()
	fakes.Await(t, "ready again", func() bool { return b.call("GET", "/readyz", "").StatusCode == 200 })
	b.Health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	if got := b.call("GET", "/readyz", ""); got.StatusCode != 200 || !strings.Contains(got.body, `"job_service":"not serving"`) {
		t.Errorf("/readyz with services that lack their stores: %d %s", got.StatusCode, got.body)
	}
}

func TestTheRESTRoutes(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	tests := []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"GET", "/api/v1/jobs/" + jobA, "", 200, `"job_id":"` + jobA + `"`},
		{"GET", "/api/v1/jobs/" + jobA, "", 200, `"start_time":null`},
		{"GET", "/api/v1/jobs/" + jobB, "", 404, `"code":"JOB_NOT_FOUND"`},
		{"GET", "/api/v1/jobs?page_size=5&states=STATE_QUEUED&labels[k]=v", "", 200, `"next_page_token":""`},
		{"GET", "/api/v1/jobs?page_size=many", "", 400, `"code":"INVALID_REQUEST"`},
		{"POST", "/api/v1/jobs", `{"spec":{"prompt":"a"}}`, 200, `"state":"STATE_QUEUED"`},
		{"POST", "/api/v1/jobs", `{"spec":{"promt":"a"}}`, 400, `unknown field \"promt\"`},
		{"POST", "/api/v1/jobs", `{"spec":`, 400, `"code":"INVALID_REQUEST"`},
		{"POST", "/api/v1/jobs/" + jobA + ":cancel", "", 200, `"state":"STATE_CANCELLED"`},
		{"POST", "/api/v1/jobs/" + jobA + ":explode", "", 405, `"code":"METHOD_NOT_ALLOWED"`},
		{"PUT", "/api/v1/jobs/" + jobA, `{}`, 405, `"code":"METHOD_NOT_ALLOWED"`},
		{"GET", "/api/v1/models", "", 200, `"simulated":true`},
		{"GET", "/api/v1/model_stats", "", 200, `"finished":9`},
		{"GET", "/api/v1/model_stats?period=PERIOD_YEAR", "", 400, `"code":"INVALID_REQUEST"`},
		{"GET", "/api/v1/nothing", "", 404, `"code":"ROUTE_NOT_FOUND"`},
		{"GET", "/api/v2/jobs", "", 404, `"code":"ROUTE_NOT_FOUND"`},
		{"GET", "/api", "", 404, ""},
	}
	for _, test := range tests {
		got := b.call(test.method, test.path, test.body)
		if got.StatusCode != test.status || !strings.Contains(strings.ReplaceAll(got.body, `": `, `":`), test.contains) {
			t.Errorf("%s %s: %d %s, want %d with %s", test.method, test.path, got.StatusCode, got.body, test.status, test.contains)
		}
		if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s %s is answered with a page", test.method, test.path)
		}
	}
}

// Named after a defect of the first system: after the status came a second JSON object.
func TestSeedDefect20NothingFollowsTheStatus(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	got := b.call("GET", statusURL(jobA), "")
	decoder := json.NewDecoder(strings.NewReader(got.body))
	var body struct {
		Success bool
		Job     map[string]any
	}
	if err := decoder.Decode(&body); err != nil || !body.Success || body.Job["job_id"] != jobA || body.Job["prompt"] != "Why is the sky blue?" {
		t.Fatalf("%v: %s", err, got.body)
	}
	if decoder.InputOffset() != int64(len(got.body)) || got.ContentLength != int64(len(got.body)) {
		t.Errorf("bytes after the object: %q", got.body[decoder.InputOffset():])
	}
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	// Nor anything the last event of a stream.
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.End(pb.Job_STATE_COMPLETED) })
	stream := b.open(progressURL(jobA))
	stream.Until("complete")
	stream.Ended()
}

func TestTheStatusIsNotSentAgainWhileNothingChanges(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	first := b.call("GET", statusURL(jobA), "")
	tag := first.Header.Get("ETag")
	for _, sent := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
		got := b.call("GET", statusURL(jobA), "", "If-None-Match", sent)
		if got.StatusCode != 304 || got.body != "" || got.Header.Get("ETag") != tag {
			t.Errorf("%s: %d %q", sent, got.StatusCode, got.body)
		}
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	if got := b.call("GET", statusURL(jobA), "", "If-None-Match", tag); got.StatusCode != 200 || got.Header.Get("ETag") == tag {
		t.Errorf("after a change: %d", got.StatusCode)
	}
	if b.Jobs.Gets() != 0 {
		t.Error("the ledger was asked")
	}
}

func TestAMalformedIDIsNamed(t *testing.T) {
	b := start(t, nil)
	got := b.call("GET", statusURL("job_x"), "")
	if r := got.refusal(t); got.StatusCode != 400 || r.Violations[0].Field != "job_id" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func TestTheDescriptionOfTheAPIIsValidAndNamesWhatIsServed(t *testing.T) {
	b := start(t, nil)
	got := b.call("GET", "/openapi.json", "")
	document, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			url := strings.NewReplacer("{job_id}", jobB, "{model}", "m").Replace(path)
			answer := b.call(method, url, map[bool]string{true: "{}"}[method == "POST" || method == "PATCH"])
			if strings.Contains(answer.body, "ROUTE_NOT_FOUND") || answer.StatusCode == 405 || !strings.HasPrefix(path, "/api/v1/") {
				t.Errorf("%s %s is described but not served: %d", method, path, answer.StatusCode)
			}
		}
	}
	for _, path := range []string{"/api/v1/ai/generate", "/api/v1/ai/generation/progress", "/api/v1/ai/generation/{job_id}/progress",
		"/api/v1/ai/generation/{job_id}/status", "/api/v1/jobs/{job_id}:cancel", "/api/v1/models/{model}:hold"} {
		if document.Paths.Value(path) == nil {
			t.Errorf("%s is served but not described", path)
		}
	}
	for _, path := range []string{"/api/v1/ai/generate", "/api/v1/jobs"} {
		if item := document.Paths.Value(path); item == nil || item.Post.Parameters.GetByInAndName("header", "Idempotency-Key") == nil {
			t.Errorf("%s takes an Idempotency-Key and does not say so", path)
		}
	}
}

func TestThePortInUseIsNamed(t *testing.T) {
	b := start(t, nil)
	options := DefaultOptions()
	if _, err := fmt.Sscanf(b.url, "http://127.0.0.1:%d", &options.HTTPPort); err != nil {
		t.Fatal(err)
	}
	options.MetricsPort = 0
	err := Run(context.Background(), options, nil)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint(options.HTTPPort)) || !strings.Contains(err.Error(), "--http_port") {
		t.Errorf("error %v", err)
	}
}
