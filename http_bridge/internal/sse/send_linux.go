package sse

import "syscall"

const canTakeOver = true

// sender sends without waiting. Used by one goroutine: what the call needs is kept, so that it makes
// no garbage.
type sender struct {
	bytes []byte
	sent  int
	err   error
	call  func(fd uintptr) bool
}

func (s *sender) init() { s.call = s.attempt }

// send returns how much the socket took. Less than all is no error.
func (s *sender) send(conn syscall.RawConn, b []byte) (int, error) {
	if conn == nil {
		return 0, nil
	}
	s.bytes = b
	if err := conn.Write(s.call); err != nil {
		return 0, err
	}
	s.bytes = nil
	return s.sent, s.err
}

// attempt never asks to be called again, which would wait.
func (s *sender) attempt(fd uintptr) bool {
	for {
		s.sent, s.err = syscall.Write(int(fd), s.bytes)
		if s.err != syscall.EINTR {
			break
		}
	}
	if s.err == syscall.EAGAIN {
		s.err = nil
	}
	s.sent = max(s.sent, 0)
	return true
}
