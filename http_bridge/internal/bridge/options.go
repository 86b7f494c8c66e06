// Package bridge is the HTTP face of Genwatch: it puts the routes together, guards them, and runs
// them until it is told to stop.
package bridge

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"genwatch/http_bridge/internal/sse"
)

// Options are what the bridge is started with.
type Options struct {
	HTTPHost string
	// 0: any free one.
	HTTPPort int
	// 0: no metrics listener.
	MetricsPort int
	// gRPC targets: "host:port", several of these with commas between, "dns:///name:port", "unix:/path".
	JobService      string
	ProgressService string
	// Connections to progress_service for watches.
	WatchConnections int
	// Everybody is this user; "": nobody is anybody, and the API answers 401.
	DevUser string
	// Names beside the loopback ones that browsers may reach the bridge by, without port. On a
	// loopback address others are refused always, elsewhere if any is given.
	AllowedHosts []string
	// How long requests may still run after the signal to stop.
	Drain time.Duration
	// A connection is given up when it takes no byte for this long.
	WriteStall time.Duration
	SSE        sse.Options
}

// DefaultOptions are those of a bridge on one machine.
func DefaultOptions() Options {
	return Options{
		HTTPHost: "127.0.0.1", HTTPPort: 8080, MetricsPort: 9094,
		JobService: "127.0.0.1:50051", ProgressService: "127.0.0.1:50053", WatchConnections: 2,
		Drain: 5 * time.Second, WriteStall: 30 * time.Second,
		SSE: sse.DefaultOptions(),
	}
}

// Check reports all that is wrong, one line each.
func (o Options) Check() error {
	var problems []error
	fault := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	port := func(name string, value int) {
		if value < 0 || value > 65535 {
			fault("--%s: %d is not a port", name, value)
		}
	}
	port("http_port", o.HTTPPort)
	port("metrics_port", o.MetricsPort)
	if o.HTTPPort != 0 && o.HTTPPort == o.MetricsPort {
		fault("--metrics_port: %d is --http_port as well", o.MetricsPort)
	}
	if o.HTTPHost == "" {
		fault("--http_host: is empty; use 127.0.0.1, or 0.0.0.0 for all interfaces")
	}
	if o.JobService == "" {
		fault("--job_service: is empty")
	}
	if o.ProgressService == "" {
		fault("--progress_service: is empty")
	}
	if o.WatchConnections < 1 || o.WatchConnections > 64 {
		fault("--watch_connections: %d is not between 1 and 64", o.WatchConnections)
	}
	if o.SSE.Shards < 0 || o.SSE.Shards > sse.MaxShards {
		fault("--sse_shards: %d is not between 0 and %d", o.SSE.Shards, sse.MaxShards)
	}
	if o.Drain < 0 {
		fault("--drain_seconds: is negative")
	}
	if o.DevUser != "" && !isUser(o.DevUser) {
		fault("--dev_user: must be 1 to 128 printable ASCII characters without space at the ends")
	}
	return errors.Join(problems...)
}

func isUser(s string) bool {
	if s == "" || len(s) > 128 || strings.TrimSpace(s) != s {
		return false
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// IsLoopback tells whether only this machine reaches the host: "localhost", 127.0.0.0/8 or ::1.
func IsLoopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

func hostPort(host string, port int) string {
	return net.JoinHostPort(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), fmt.Sprint(port))
}
