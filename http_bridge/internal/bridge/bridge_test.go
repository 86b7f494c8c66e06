package bridge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"genwatch/http_bridge/internal/fakes"
)

const (
	jobA = "job_0123456789abcdef0123456789abcdef"
	jobB = "job_ffffffffffffffffffffffffffffffff"
)

// How streams are written: by shards, or by net/http.
var testShards = 2

// All promises hold whichever way the streams are written.
func TestMain(m *testing.M) {
	code := 0
	for _, testShards = range []int{2, 0} {
		fmt.Printf("streams are written by %d shards (0: by net/http)\n", testShards)
		code = max(code, m.Run())
	}
	os.Exit(code)
}

// running is a bridge under test, in front of services that the test moves.
type running struct {
	*fakes.Server
	t       testing.TB
	url     string
	metrics string
	stop    context.CancelFunc
	done    chan struct{}
}

// start runs the whole bridge on a free port, as main does.
func start(t testing.TB, change func(*Options)) *running {
	t.Helper()
	services := fakes.Start(t)
	options := DefaultOptions()
	options.HTTPPort, options.MetricsPort = 0, 0
	options.JobService, options.ProgressService = services.Address, services.Address
	options.DevUser = "dev"
	options.SSE.RetryMin, options.SSE.RetryMax = 10*time.Millisecond, 20*time.Millisecond
	options.SSE.Linger = 20 * time.Millisecond
	options.SSE.Shards = testShards
	if change != nil {
		change(&options)
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &running{Server: services, t: t, stop: stop, done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		defer close(b.done)
		if err := Run(ctx, options, func(address, _ string) { ready <- address }); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	select {
	case address := <-ready:
		b.url = "http://" + address
	case <-b.done:
		t.FailNow()
	}
	t.Cleanup(func() {
		stop()
		<-b.done
	})
	return b
}

func (b *running) open(path string, headers ...string) *fakes.Stream {
	b.t.Helper()
	return fakes.Open(b.t, b.url+path, headers...)
}

func golden(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../../tests/contract/http/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func progressURL(jobID string) string { return "/api/v1/ai/generation/" + jobID + "/progress" }
func statusURL(jobID string) string   { return "/api/v1/ai/generation/" + jobID + "/status" }

// answer is a whole HTTP answer.
type answer struct {
	*http.Response
	body string
}

// call sends a request; header pairs follow the body. A body is JSON unless they say otherwise.
func (b *running) call(method, path, body string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response, string(content)}
}
