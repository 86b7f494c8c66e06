//go:build linux && (amd64 || arm64 || riscv64)

package sse

import (
	"syscall"
	"unsafe"
)

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

// send returns how much the socket took; less than all, even nothing, is no error.
func (s *sender) send(conn syscall.RawConn, b []byte) (int, error) {
	if conn == nil || len(b) == 0 {
		return 0, nil
	}
	s.bytes = b
	if err := conn.Write(s.call); err != nil {
		return 0, err
	}
	s.bytes = nil
	return s.sent, s.err
}

// attempt never asks to be called again, which would wait. The call takes microseconds and can't block,
// so the scheduler is not told of it: telling costs a tenth of it.
func (s *sender) attempt(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(s.bytes))),
			uintptr(len(s.bytes)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			s.sent, s.err = int(n), nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			s.sent, s.err = 0, nil
		default:
			s.sent, s.err = 0, errno
		}
		return true
	}
}
