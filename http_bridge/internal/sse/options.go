package sse

import (
	"net"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options are the manners of the streams. The zero value is not useful; see DefaultOptions.
type Options struct {
	// A comment is sent after this long without an event: below the idle limits of common proxies.
	Heartbeat time.Duration
	// The same of a stream that has not shown anything yet.
	Waiting time.Duration
	// A stream ends, without an event, after a time drawn from [LifetimeMin, LifetimeMax]; clients
	// resume. So connections spread over the replicas, and no proxy's own limit is ever met.
	LifetimeMin, LifetimeMax time.Duration
	// The `timeout` event is sent when nothing at all was heard about a job for this long.
	Silence time.Duration
	// What `retry:` asks clients to wait before they reconnect is drawn from this range.
	RetryMin, RetryMax time.Duration
	// Updates a second for clients that don't say.
	DefaultRate float64
	// A watch upstream says something that often, and is given up after so long without a word.
	UpstreamHeartbeat, UpstreamSilence time.Duration
	// Called then, if set, with the address of the replica.
	OnSilent func(net.Addr)
	// Of one question to the services on behalf of a viewer.
	CallTimeout time.Duration
	// Between two attempts to reach the services, doubling.
	MinBackoff, MaxBackoff time.Duration
	// A stream whose cursor is ahead of what the services know here ends after this long, so that
	// the client tries elsewhere.
	BehindLimit time.Duration
	// How long the watch of a job outlives its last viewer.
	Linger time.Duration
	// Text of watched jobs that may be held at once, in bytes.
	MaxHeldBytes int64
	// Jobs that one stream may name.
	MaxJobs int
	// Goroutines that write to all connections, taken over from net/http; 0: net/http writes, with a
	// goroutine for each. HTTP/2, TLS in this process and systems other than Linux are written by
	// net/http always.
	Shards int
	// Streams are compressed for clients that ask for it. Each such stream costs the compressor's
	// memory, and net/http writes it.
	Compress bool
}

// MaxShards is the most that make sense: each can keep a core busy.
const MaxShards = 16

// DefaultOptions are those of production.
func DefaultOptions() Options {
	return Options{
		Heartbeat:   15 * time.Second,
		Waiting:     700 * time.Millisecond,
		LifetimeMin: 8 * time.Minute, LifetimeMax: 12 * time.Minute,
		Silence: 10 * time.Minute,
		// Whose stream broke is to be back within two seconds; those of a whole bridge, spread.
		RetryMin: 300 * time.Millisecond, RetryMax: 1300 * time.Millisecond,
		DefaultRate:       20,
		UpstreamHeartbeat: time.Second, UpstreamSilence: 3 * time.Second,
		CallTimeout: 2 * time.Second,
		MinBackoff:  100 * time.Millisecond, MaxBackoff: 500 * time.Millisecond,
		BehindLimit:  3 * time.Second,
		Linger:       time.Second,
		MaxHeldBytes: 512 << 20,
		MaxJobs:      50,
		Shards:       min(runtime.GOMAXPROCS(0), MaxShards),
	}
}

// Metrics count what the streams do.
type Metrics struct {
	Streams, Viewers, Hubs   prometheus.Gauge
	Events, Bytes            prometheus.Counter
	UpstreamLost, WriteFails prometheus.Counter
}

// NewMetrics registers them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		registry.MustRegister(g)
		return g
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		registry.MustRegister(c)
		return c
	}
	return &Metrics{
		Streams:      gauge("genwatch_bridge_sse_streams", "Open SSE connections."),
		Viewers:      gauge("genwatch_bridge_sse_viewers", "Viewers of jobs; one connection may view several jobs."),
		Hubs:         gauge("genwatch_bridge_hubs", "Jobs that are being watched upstream, once each."),
		Events:       counter("genwatch_bridge_sse_events_total", "SSE events written."),
		Bytes:        counter("genwatch_bridge_sse_bytes_total", "Bytes of SSE events and comments written."),
		UpstreamLost: counter("genwatch_bridge_upstream_lost_total", "Watches upstream that broke and were opened again."),
		WriteFails:   counter("genwatch_bridge_sse_write_failures_total", "SSE connections given up because a write failed or took no bytes for too long."),
	}
}
