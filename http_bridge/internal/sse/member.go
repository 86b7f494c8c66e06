package sse

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// member is a connection that was taken over from net/http. A goroutine of its own admits it, then
// its shard writes to it. It is ended by whoever writes; who only wants it ended closes `conn`.
type member struct {
	pace
	shard  *shard
	server *Server
	conn   net.Conn
	raw    syscall.RawConn
	// The answer is in chunks; else it ends with the connection.
	chunked bool
	// What is shown, and what to call when that has ended; set by handOver.
	from source
	done func()
	// Ends the context of the admission.
	cancel atomic.Pointer[context.CancelFunc]

	// It is, or will be, in the shard's next round. True before it belongs to the shard.
	queued atomic.Bool
	// A goroutine writes what the socket did not take.
	behind atomic.Bool
	// The connection is closed.
	gone atomic.Bool

	// Only the shard has to do with these. When it is looked at next, zero: it has no alarm; and
	// where it stands among the alarms.
	alarm time.Time
	index int
	// The last bytes were sent, or are with the goroutine that catches up.
	ending  bool
	retired bool
}

// notify tells the shard that there may be something new; never blocks.
func (m *member) notify() {
	if !m.queued.Swap(true) {
		m.shard.enqueue(m)
	}
}

// handOver lets the shard show the source.
func (m *member) handOver(at pace, from source, done func()) {
	m.pace, m.from, m.done = at, from, done
	m.stopAdmission()
	m.shard.enqueue(m) // `queued` is set
}

func (m *member) stopAdmission() {
	if cancel := m.cancel.Swap(nil); cancel != nil {
		(*cancel)()
	}
}

// listen notices that the client has gone. What it says after its request is not looked at.
func (m *member) listen() {
	var ignored [32]byte
	for {
		if _, err := m.conn.Read(ignored[:]); err != nil {
			break
		}
	}
	m.conn.Close() // ends who writes to it
	m.gone.Store(true)
	m.stopAdmission()
	m.notify()
}

// catchUp writes what the socket did not take, however slowly the client reads, as long as it does.
// No newer frame may go before it.
func (m *member) catchUp(rest []byte) {
	if _, err := m.conn.Write(rest); err != nil {
		m.server.metrics.WriteFails.Inc()
		m.conn.Close()
		m.gone.Store(true)
	}
	m.behind.Store(false)
	m.notify()
}

// finished says that the member will not be written to any more.
func (m *member) finished() {
	m.conn.Close()
	if m.done != nil {
		m.done()
	}
	m.server.left(m)
}

// send writes for the admission, waiting as long as the client takes bytes.
func (m *member) send(p parcel) error {
	_, err := m.conn.Write(p.as(m.chunked))
	return err
}

// close ends a connection that was not handed over.
func (m *member) close() {
	if m.chunked {
		_, _ = m.conn.Write(lastChunk) // a client that is gone does not mind
	}
	m.stopAdmission()
	m.finished()
}
