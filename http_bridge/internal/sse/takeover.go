package sse

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"genwatch/http_bridge/internal/auth"
)

// serve answers 200 and the first bytes, and has `show` find out what to show. Where it can, it takes the
// connection over and returns at once, so that net/http's buffers and stack are given back.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, show func(*stream)) {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	s.metrics.Streams.Inc()
	compressed := false
	if s.options.Compress {
		header.Add("Vary", "Accept-Encoding")
		compressed = wantsCompression(r)
	}
	if m := s.takeOver(w, r, compressed); m != nil {
		ctx, cancel := context.WithCancel(auth.WithUser(context.Background(), auth.User(r.Context())))
		m.cancel.Store(&cancel)
		head := head(header, r, m.chunked)
		go s.admitMember(ctx, m, head, show)
		return
	}
	defer s.metrics.Streams.Dec()
	if r.ProtoMajor == 1 {
		header.Set("Connection", "keep-alive")
	}
	var to output = responseOutput{w, http.NewResponseController(w)}
	if compressed {
		header.Set("Content-Encoding", "gzip")
		to = newCompressedOutput(responseOutput{w, http.NewResponseController(w)})
	}
	w.WriteHeader(http.StatusOK)
	out := s.newStream(r.Context(), to)
	if out.write(s.hello()) {
		show(out)
	}
	to.close()
}

// admitMember is the goroutine of a connection that was taken over, until its shard has it.
func (s *Server) admitMember(ctx context.Context, m *member, head []byte, show func(*stream)) {
	go m.listen()
	out := s.newStream(ctx, m)
	out.member = m
	hello := s.hello()
	if _, err := m.conn.Write(append(head, hello.as(m.chunked)...)); err != nil {
		s.metrics.WriteFails.Inc()
		m.close()
		return
	}
	out.lastWrite = time.Now()
	s.metrics.Bytes.Add(float64(len(hello.frames)))
	if show(out); m.from == nil {
		m.close()
	}
}

// takeOver is nil where net/http has to write: HTTP/2, TLS in this process, systems whose sockets are
// not known, by choice, and for what is compressed, whose bytes are each viewer's own.
func (s *Server) takeOver(w http.ResponseWriter, r *http.Request, compressed bool) *member {
	if len(s.shards) == 0 || r.ProtoMajor != 1 || r.TLS != nil || compressed {
		return nil
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	m := &member{server: s, conn: conn, chunked: r.ProtoAtLeast(1, 1)}
	m.queued.Store(true)
	if with, ok := conn.(syscall.Conn); ok {
		m.raw, _ = with.SyscallConn() // without it, goroutines write
	}
	s.tidy.note()
	s.mu.Lock()
	defer s.mu.Unlock()
	m.shard = s.shards[s.joined%len(s.shards)]
	s.joined++
	s.members[m] = struct{}{}
	s.wg.Add(1)
	return m
}

// left forgets a member that has ended.
func (s *Server) left(m *member) {
	s.tidy.note()
	s.mu.Lock()
	delete(s.members, m)
	s.mu.Unlock()
	s.metrics.Streams.Dec()
	s.wg.Done()
}

// head is what net/http would have sent, but for the connection, which ends with the stream.
func head(header http.Header, r *http.Request, chunked bool) []byte {
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Connection", "close")
	if chunked {
		header.Set("Transfer-Encoding", "chunked")
	}
	b := headWriter(fmt.Appendf(nil, "HTTP/%d.%d 200 OK\r\n", r.ProtoMajor, r.ProtoMinor))
	_ = header.Write(&b) // memory takes everything
	return append(b, "\r\n"...)
}

type headWriter []byte

func (b *headWriter) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// Shutdown waits until the connections that were taken over have ended, as Drain has them do, and cuts
// off those that have not when the context ends. http.Server knows nothing of them.
func (s *Server) Shutdown(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		s.cut()
		<-ended
		return ctx.Err()
	}
}

func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m := range s.members {
		m.conn.Close()
	}
}
