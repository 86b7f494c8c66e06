package bridge

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestMetricsTellOfStreamsAndRequests(t *testing.T) {
	port := freePort(t)
	b := start(t, func(o *Options) { o.MetricsPort = port })
	b.Progress.Add(jobA, "dev")
	first, second := b.open(progressURL(jobA)), b.open(progressURL(jobA))
	first.Next()
	second.Next()
	b.call("GET", statusURL(jobB), "")
	metrics := func() string {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for _, line := range []string{
		"genwatch_bridge_sse_streams 2", "genwatch_bridge_sse_viewers 2", "genwatch_bridge_hubs 1",
		`genwatch_bridge_http_requests_total{method="GET",route="status",status="404"} 1`,
	} {
		if !strings.Contains(metrics(), line+"\n") {
			t.Errorf("%s is missing in:\n%s", line, metrics())
		}
	}
	first.Close()
	second.Close()
	fakes.Await(t, "nobody watches any more", func() bool {
		return strings.Contains(metrics(), "genwatch_bridge_sse_viewers 0\n") && strings.Contains(metrics(), "genwatch_bridge_hubs 0\n")
	})
}

// lines is a log that tests read while others write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestNothingOfAPromptOrATextIsLogged(t *testing.T) {
	log := &lines{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	b := start(t, nil)
	b.call("POST", "/api/v1/ai/generate", `{"prompt":"the secret"}`)
	b.call("POST", "/api/v1/ai/generate", `{"prompt":"the secret","priority":"the secret"}`)
	b.call("POST", "/api/v1/jobs", `{"spec":{"prompt":"the secret"}}`)
	b.call("GET", "/api/v1/jobs?model=the+secret", "")
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA) + "?text=true")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("the secret") })
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	stream.Until("complete")
	stream.Ended()
	b.Jobs.Fail(status.Error(codes.Internal, "broken"))
	b.call("GET", "/api/v1/jobs", "")
	// A request is logged after it was answered.
	fakes.Await(t, "the requests are logged", func() bool {
		got := log.String()
		return strings.Contains(got, "route=progress") && strings.Contains(got, "broken")
	})
	if got := log.String(); strings.Contains(got, "secret") {
		t.Errorf("the log:\n%s", got)
	}
}

func TestAHandlerThatPanicsIsA500AndTheServerGoesOn(t *testing.T) {
	b := &bridge{http: newHTTPMetrics(prometheus.NewRegistry())}
	handler := b.observed("x", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "a fault") || !strings.Contains(w.Body.String(), `"code":"INTERNAL"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
