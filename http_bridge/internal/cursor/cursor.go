// Package cursor holds the place of a watcher in what is said about a job: the same string as SSE
// id, gRPC cursor and poll answer, written and read alike by progress_service. docs/cursor.md
// describes it; tests/contract/cursor_vectors.json pins it.
package cursor

import (
	"errors"
	"hash/fnv"
	"strconv"
	"strings"
)

// ErrMalformed is returned by Parse for anything that Cursor.String could not have written.
var ErrMalformed = errors.New("malformed cursor")

// None is the offset of a channel of which the watcher holds no text.
const None = int64(-1)

// MaxLength bounds what Parse looks at: the longest cursor has 79 bytes.
const MaxLength = 96

// Cursor is a watcher's place. The zero value of the offsets is "holds the text up to byte 0".
type Cursor struct {
	// Hash of the job's id.
	Hash uint64
	// Of the newest snapshot that the watcher was given.
	Version  uint32
	Sequence uint32
	// Version of the last lease whose base the watcher was given; 0: none.
	TextVersion uint32
	// UTF-8 bytes held of each text, or None.
	Answer   int64
	Thinking int64
	// The watcher was given the terminal event.
	Terminal bool
}

// Hash is FNV-1a (64 bit) of a job's id.
func Hash(jobID string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(jobID)) // never fails
	return hash.Sum64()
}

// Start is where a watcher of the job stands who knows nothing yet and wants the texts, or not.
func Start(jobID string, text bool) Cursor {
	start := Cursor{Hash: Hash(jobID), Answer: None, Thinking: None}
	if text {
		start.Answer, start.Thinking = 0, 0
	}
	return start
}

// HoldsText tells whether the watcher holds text of any channel.
func (c Cursor) HoldsText() bool { return c.Answer != None || c.Thinking != None }

func (c Cursor) String() string { return string(c.Append(make([]byte, 0, MaxLength))) }

// Append appends the cursor's string to b.
func (c Cursor) Append(b []byte) []byte {
	const digits = "0123456789abcdef"
	b = append(b, "c1."...)
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[c.Hash>>shift&0xf])
	}
	for _, field := range [...]int64{int64(c.Version), int64(c.Sequence), int64(c.TextVersion), c.Answer, c.Thinking} {
		b = append(b, '.')
		if field == None {
			b = append(b, '-')
		} else {
			b = strconv.AppendInt(b, field, 10)
		}
	}
	if c.Terminal {
		b = append(b, ".e"...)
	}
	return b
}

// Parse reads a cursor; ErrMalformed if it is none.
func Parse(s string) (Cursor, error) {
	if len(s) > MaxLength {
		return Cursor{}, ErrMalformed
	}
	fields := strings.Split(s, ".")
	terminal := len(fields) == 8 && fields[7] == "e"
	if (len(fields) != 7 && !terminal) || fields[0] != "c1" {
		return Cursor{}, ErrMalformed
	}
	hash, ok := parseHash(fields[1])
	if !ok {
		return Cursor{}, ErrMalformed
	}
	var numbers [5]int64
	for i, field := range fields[2:7] {
		mayBeAbsent := i >= 3
		if numbers[i], ok = parseNumber(field, mayBeAbsent); !ok {
			return Cursor{}, ErrMalformed
		}
	}
	return Cursor{
		Hash: hash, Version: uint32(numbers[0]), Sequence: uint32(numbers[1]), TextVersion: uint32(numbers[2]),
		Answer: numbers[3], Thinking: numbers[4], Terminal: terminal,
	}, nil
}

func parseHash(s string) (hash uint64, ok bool) {
	if len(s) != 16 || strings.ToLower(s) != s {
		return 0, false
	}
	hash, err := strconv.ParseUint(s, 16, 64)
	return hash, err == nil
}

// parseNumber reads a decimal uint32 as the cursor writes it: no sign, no leading zero.
func parseNumber(s string, mayBeAbsent bool) (number int64, ok bool) {
	if s == "-" {
		return None, mayBeAbsent
	}
	if s == "" || (s[0] == '0' && s != "0") || s[0] == '+' {
		return 0, false
	}
	parsed, err := strconv.ParseUint(s, 10, 32)
	return int64(parsed), err == nil
}

// Base says how many bytes of the kept text stand since the lease with this version.
type Base struct {
	Version uint32
	Bytes   int64
}

// Standing is what of an offset still stands: the smallest of it and of the bases of all leases
// after the text version.
func Standing(offset int64, textVersion uint32, bases []Base) int64 {
	for _, base := range bases {
		if base.Version > textVersion {
			offset = min(offset, base.Bytes)
		}
	}
	return offset
}
