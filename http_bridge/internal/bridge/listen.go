package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// listen opens a TCP listener; the error names the port and the setting that chooses it.
func listen(setting, host string, port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", hostPort(host, port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d on %s is in use by another program; choose another with --%s", port, host, setting)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %d on %s needs more rights than this process has; choose one above 1023 with --%s", port, host, setting)
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s (--%s): %w", hostPort(host, port), setting, err)
	}
	return listener, nil
}

// stallListener gives up connections that take no byte for `stall`.
type stallListener struct {
	net.Listener
	stall time.Duration
}

func (l stallListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stallConn{Conn: conn, stall: l.stall}, nil
}

// stallConn has a write deadline that starts again whenever the peer's socket takes a byte. A
// deadline for a whole write would cut off a slow reader in the middle of a long one; none at all
// would keep a reader that stopped for ever. Between writes there is none: who sends without waiting
// would find it passed.
type stallConn struct {
	net.Conn
	stall time.Duration
}

func (c *stallConn) Write(b []byte) (written int, err error) {
	defer c.Conn.SetWriteDeadline(time.Time{})
	for {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.stall)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:])
		written += n
		if err == nil || n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

// SetWriteDeadline does nothing: Write has its own, and net/http's would be for a whole answer.
func (c *stallConn) SetWriteDeadline(time.Time) error { return nil }

// SyscallConn is the socket itself, for who sends without waiting.
func (c *stallConn) SyscallConn() (syscall.RawConn, error) {
	inner, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return inner.SyscallConn()
}

// SetDeadline sets that of reading.
func (c *stallConn) SetDeadline(t time.Time) error { return c.Conn.SetReadDeadline(t) }

type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// sendBuffer is what the kernel may hoard for a viewer. With its default a slow viewer would see
// states that are minutes old, and nobody the memory.
const sendBuffer = 16 << 10

// limitSendBuffer sets it for the connection of a request.
func limitSendBuffer(ctx context.Context) {
	conn, ok := ctx.Value(connKey{}).(*stallConn)
	if !ok {
		return
	}
	if tcp, ok := conn.Conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // a hint; on failure the kernel keeps its own
	}
}
