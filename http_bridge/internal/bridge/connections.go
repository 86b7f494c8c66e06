package bridge

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// connections are the connections to the services, so that those to one that hangs can be cut: gRPC would
// go on to use them until its keepalive gives up, for Go 13 seconds at the earliest. Thread-safe.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

func newConnections() *connections { return &connections{open: map[*connection]struct{}{}} }

// connection is one connection.
type connection struct {
	net.Conn
	connections *connections
	// When bytes last came, in Unix nanoseconds.
	heard atomic.Int64
}

// dial is for gRPC, whose addresses are host:port or unix:path.
func (l *connections) dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", strings.TrimPrefix(path, "//")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, connections: l}
	c.heard.Store(time.Now().UnixNano())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return c, nil
}

func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *connection) Close() error {
	c.connections.mu.Lock()
	delete(c.connections.open, c)
	c.connections.mu.Unlock()
	return c.Conn.Close()
}

// cut closes the connections to an address on which nothing came for that long. What is under way on
// them fails at once, and is not tried there again before the peer has shown that it lives. How many
// there were.
func (l *connections) cut(address net.Addr, silence time.Duration) int {
	before := time.Now().Add(-silence).UnixNano()
	var silent []*connection
	l.mu.Lock()
	for c := range l.open {
		if c.RemoteAddr().String() == address.String() && c.heard.Load() < before {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	for _, c := range silent {
		c.Conn.Close() // gRPC closes it itself
	}
	return len(silent)
}
