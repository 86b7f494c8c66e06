package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/sse"
)

// bridge is what the handlers share.
type bridge struct {
	options      Options
	jobConn      *grpc.ClientConn
	progressConn *grpc.ClientConn
	watchConns   []*grpc.ClientConn
	jobs         pb.JobServiceClient
	progress     pb.ProgressServiceClient
	streams      *sse.Server
	registry     *prometheus.Registry
	http         *httpMetrics
	draining     atomic.Bool
}

// Run serves until the context ends, then drains: streams are ended at once, without an event, so
// that their clients resume elsewhere; other requests get --drain_seconds. `ready`, if not nil, is
// called with the bound addresses (metrics: "" if off) once requests are accepted.
func Run(ctx context.Context, options Options, ready func(httpAddress, metricsAddress string)) error {
	if err := options.Check(); err != nil {
		return err
	}
	b, err := newBridge(options)
	if err != nil {
		return err
	}
	defer b.close()
	if options.DevUser != "" && !IsLoopback(options.HTTPHost) {
		slog.Warn("everybody who reaches this address is the same user", "user", options.DevUser, "http_host", options.HTTPHost)
	}
	handler, err := b.routes()
	if err != nil {
		return fmt.Errorf("setting up the routes: %w", err)
	}

	listener, err := listen("http_port", options.HTTPHost, options.HTTPPort)
	if err != nil {
		return err
	}
	defer listener.Close()
	metrics, metricsAddress, err := b.serveMetrics()
	if err != nil {
		return err
	}
	defer metrics.Close()

	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		// No ReadTimeout and no WriteTimeout: they count from the start of a request and would cut
		// streams. Bodies have their own limit (smallBody), writes that of stallConn.
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(stallListener{listener, options.WriteStall}) }()
	if ready != nil {
		ready(listener.Addr().String(), metricsAddress)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}

	b.draining.Store(true)
	b.streams.Drain()
	stop, cancel := context.WithTimeout(context.Background(), options.Drain)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		slog.Warn("requests were cut off", "error", err)
		server.Close()
	}
	if err := b.streams.Shutdown(stop); err != nil {
		slog.Warn("streams were cut off", "error", err)
	}
	return nil
}

func newBridge(options Options) (*bridge, error) {
	b := &bridge{options: options, registry: prometheus.NewRegistry()}
	b.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b.http = newHTTPMetrics(b.registry)
	connections := newConnections()
	var err error
	if b.jobConn, err = dial("job_service", options.JobService, connections); err != nil {
		return nil, err
	}
	if b.progressConn, err = dial("progress_service", options.ProgressService, connections); err != nil {
		return nil, errors.Join(err, b.jobConn.Close())
	}
	b.jobs = pb.NewJobServiceClient(b.jobConn)
	b.progress = pb.NewProgressServiceClient(b.progressConn)
	var watch []pb.ProgressServiceClient
	for range options.WatchConnections {
		conn, err := dial("progress_service", options.ProgressService, connections)
		if err != nil {
			b.closeConns()
			return nil, err
		}
		b.watchConns = append(b.watchConns, conn)
		watch = append(watch, pb.NewProgressServiceClient(conn))
	}
	streams := options.SSE
	streams.OnSilent = func(replica net.Addr) {
		if n := connections.cut(replica, streams.UpstreamSilence/2); n > 0 {
			slog.Warn("a progress_service has gone silent", "address", replica.String(), "connections", n)
		}
	}
	b.streams = sse.NewServer(watch, b.progress, b.jobs, streams, sse.NewMetrics(b.registry))
	return b, nil
}

func (b *bridge) close() {
	b.streams.Close()
	b.closeConns()
}

func (b *bridge) closeConns() {
	for _, conn := range append(b.watchConns, b.progressConn, b.jobConn) {
		conn.Close()
	}
}

// serveMetrics returns a closed-over server even when metrics are off; address is "" then.
func (b *bridge) serveMetrics() (server *http.Server, address string, err error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(b.registry, promhttp.HandlerOpts{Registry: b.registry}))
	server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	if b.options.MetricsPort == 0 {
		return server, "", nil
	}
	var listener net.Listener
	if listener, err = listen("metrics_port", b.options.HTTPHost, b.options.MetricsPort); err != nil {
		return nil, "", err
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serving metrics failed", "error", err)
		}
	}()
	return server, listener.Addr().String(), nil
}
