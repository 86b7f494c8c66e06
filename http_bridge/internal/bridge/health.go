package bridge

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"genwatch/http_bridge/internal/problem"
)

// probeTimeout is what a service gets to say that it is well.
const probeTimeout = time.Second

// healthz says that the process answers.
func (b *bridge) healthz(w http.ResponseWriter, _ *http.Request) {
	problem.WriteJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
}

// readyz says whether requests can be served: both services answer, and the bridge is not draining. A
// service that is not ready itself is named, but counts: what it refuses is refused with a reason,
// and streams go on without the stores.
func (b *bridge) readyz(w http.ResponseWriter, r *http.Request) {
	services := map[string]*grpc.ClientConn{"job_service": b.jobConn, "progress_service": b.progressConn}
	answer := struct {
		Status   string            `json:"status"`
		Services map[string]string `json:"services"`
	}{"ok", map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, conn := range services {
		wg.Go(func() {
			state := probe(r.Context(), conn)
			mu.Lock()
			defer mu.Unlock()
			answer.Services[name] = state
			if state == unreachable {
				answer.Status = "not ready"
			}
		})
	}
	wg.Wait()
	if b.draining.Load() {
		answer.Status = "draining"
	}
	code := http.StatusOK
	if answer.Status != "ok" {
		code = http.StatusServiceUnavailable
	}
	body, err := json.Marshal(answer)
	if err != nil {
		problem.Write(w, err)
		return
	}
	problem.WriteJSON(w, code, body)
}

// What a service says about itself.
const (
	serving     = "ok"
	notServing  = "not serving"
	unreachable = "unreachable"
)

// probe asks a service's health service; one without such a service counts as serving.
func probe(ctx context.Context, conn *grpc.ClientConn) string {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	switch {
	case status.Code(err) == codes.Unimplemented:
		return serving
	case err != nil:
		return unreachable
	case answer.GetStatus() != healthpb.HealthCheckResponse_SERVING:
		return notServing
	default:
		return serving
	}
}
