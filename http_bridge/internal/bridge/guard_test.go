package bridge

import (
	"strings"
	"testing"

	"genwatch/http_bridge/internal/fakes"
)

func TestClientsCannotNameThemselves(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "somebody else")
	forged := []string{
		"X-Genwatch-User", "somebody else", "Grpc-Metadata-X-Genwatch-User", "somebody else", "Grpcgateway-X-Genwatch-User", "somebody else",
		"Authorization", "Bearer x", "X-Forwarded-For", "1.2.3.4",
	}
	if got := b.call("GET", "/api/v1/jobs/"+jobA, "", forged...); got.StatusCode != 404 {
		t.Errorf("REST: %d", got.StatusCode)
	}
	if got := b.call("GET", statusURL(jobA), "", forged...); got.StatusCode != 404 {
		t.Errorf("status: %d", got.StatusCode)
	}
	if e := fakes.Open(t, b.url+progressURL(jobA), forged...).Next(); e.Event != "error" {
		t.Errorf("stream: %+v", e)
	}
	if md := b.Jobs.Metadata(); strings.Join(md.Get("x-genwatch-user"), ",") != "dev" || len(md.Get("authorization")) != 0 || len(md.Get("x-forwarded-for")) != 0 {
		t.Errorf("metadata %v", md)
	}
	if md := b.Progress.Metadata(); strings.Join(md.Get("x-genwatch-user"), ",") != "dev" {
		t.Errorf("metadata %v", md)
	}
}

func TestHeadersThatWouldSteerTheGatewayAreIgnored(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	got := b.call("POST", "/api/v1/jobs/"+jobA+":cancel", "", "Grpc-Timeout", "1n")
	if got.StatusCode != 200 {
		t.Errorf("a client's time limit: %d %s", got.StatusCode, got.body)
	}
	b.call("POST", "/api/v1/jobs/"+jobB, `{}`, "X-HTTP-Method-Override", "DELETE")
	got = b.call("POST", "/api/v1/jobs/"+jobB, `{}`, "X-HTTP-Method-Override", "GET")
	if got.StatusCode != 405 {
		t.Errorf("a method in a header: %d %s", got.StatusCode, got.body)
	}
}

func TestNobodyIsAnybodyWithoutSignIn(t *testing.T) {
	b := start(t, func(o *Options) { o.DevUser = "" })
	for _, path := range []string{"/api/v1/jobs", statusURL(jobA), progressURL(jobA)} {
		if got := b.call("GET", path, ""); got.StatusCode != 401 || got.refusal(t).Code != "UNAUTHENTICATED" {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
	if got := b.call("GET", "/healthz", ""); got.StatusCode != 200 {
		t.Errorf("/healthz: %d", got.StatusCode)
	}
}

func TestPagesOfOtherSitesCannotChangeAnything(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	host := strings.TrimPrefix(b.url, "http://")
	tests := []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"no origin (curl)", nil, 202, ""},
		{"our own page", []string{"Origin", b.url}, 202, ""},
		{"our own page, as browsers say it", []string{"Origin", b.url, "Sec-Fetch-Site", "same-origin"}, 202, ""},
		{"another site", []string{"Origin", "https://evil.example"}, 403, "CROSS_ORIGIN"},
		{"another port", []string{"Origin", "http://127.0.0.1:1"}, 403, "CROSS_ORIGIN"},
		{"a sandboxed frame", []string{"Origin", "null"}, 403, "CROSS_ORIGIN"},
		{"another site without an origin", []string{"Sec-Fetch-Site", "cross-site"}, 403, "CROSS_ORIGIN"},
		{"a sibling", []string{"Origin", "http://" + host, "Sec-Fetch-Site", "same-site"}, 403, "CROSS_ORIGIN"},
		{"a form", []string{"Content-Type", "text/plain"}, 415, "NOT_JSON"},
		{"another form", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "NOT_JSON"},
		{"a rebound name", []string{"Host", "evil.example", "Origin", "http://evil.example"}, 421, "UNKNOWN_HOST"},
		{"localhost", []string{"Host", "localhost:8080"}, 202, ""},
	}
	for _, test := range tests {
		got := b.call("POST", "/api/v1/ai/generate", `{"prompt":"a"}`, test.headers...)
		if got.StatusCode != test.status || (test.code != "" && got.refusal(t).Code != test.code) {
			t.Errorf("%s: %d %s", test.name, got.StatusCode, got.body)
		}
		if allowed := got.Header.Get("Access-Control-Allow-Origin"); allowed != "" {
			t.Errorf("%s: other sites may read the answer: %q", test.name, allowed)
		}
	}
	if got := b.call("POST", "/api/v1/jobs/"+jobA+":cancel", "", "Origin", "https://evil.example"); got.StatusCode != 403 {
		t.Errorf("cancel: %d", got.StatusCode)
	}
}

func TestAllowedHostsAreAdded(t *testing.T) {
	b := start(t, func(o *Options) { o.AllowedHosts = []string{"box.example"} })
	if got := b.call("GET", "/api/v1/jobs", "", "Host", "Box.example:8080"); got.StatusCode != 200 {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	b := start(t, nil)
	for _, path := range []string{"/", "/jobs/x", "/api/v1/jobs", "/api/nothing", "/openapi.json", "/healthz", "/docs"} {
		header := b.call("GET", path, "").Header
		if !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %v", path, header)
		}
	}
}
