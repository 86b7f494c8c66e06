package sse

import "strconv"

// parcel is events ready to be sent. It is shared between viewers and never changed.
type parcel struct {
	// The events alone, and the same as one chunk of an HTTP/1.1 answer. Empty: nothing to send.
	frames, chunk []byte
}

// headroom is what a chunk's size takes at most: eight digits and a line end.
const headroom = 10

// pack returns an empty buffer that events are appended to, then sealed.
func pack() []byte { return make([]byte, headroom, 1024) }

// seal makes a parcel of a buffer from pack.
func seal(b []byte) parcel {
	end := len(b)
	if end <= headroom {
		return parcel{}
	}
	b = append(b, '\r', '\n')
	var size [headroom]byte
	digits := append(strconv.AppendUint(size[:0], uint64(end-headroom), 16), '\r', '\n')
	begin := headroom - len(digits)
	copy(b[begin:], digits)
	return parcel{frames: b[headroom:end:end], chunk: b[begin:]}
}

// lastChunk ends a chunked answer.
var lastChunk = []byte("0\r\n\r\n")

// as returns the bytes for a connection.
func (p parcel) as(chunked bool) []byte {
	if chunked {
		return p.chunk
	}
	return p.frames
}
