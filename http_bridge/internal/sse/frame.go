package sse

import (
	"bytes"
	"strconv"
	"strings"
)

// AppendFrame appends one event. CR, LF and CRLF in the data each begin a new `data:` line, so that
// no text can end the frame or start another; id and event are ours and hold none of them (an id
// or event that does is cut there).
func AppendFrame(b []byte, id, event string, data []byte) []byte {
	if id != "" {
		b = append(append(b, "id: "...), firstLine(id)...)
		b = append(b, '\n')
	}
	if event != "" {
		b = append(append(b, "event: "...), firstLine(event)...)
		b = append(b, '\n')
	}
	b = append(b, "data: "...)
	for {
		end := bytes.IndexAny(data, "\r\n")
		if end < 0 {
			break
		}
		b = append(append(b, data[:end]...), "\ndata: "...)
		if data[end] == '\r' && end+1 < len(data) && data[end+1] == '\n' {
			end++
		}
		data = data[end+1:]
	}
	return append(append(b, data...), '\n', '\n')
}

// AppendComment appends a comment, which clients ignore.
func AppendComment(b []byte, text string) []byte {
	return append(append(append(b, ": "...), firstLine(text)...), '\n', '\n')
}

// AppendRetry appends how long clients wait before they reconnect.
func AppendRetry(b []byte, milliseconds int64) []byte {
	return append(strconv.AppendInt(append(b, "retry: "...), milliseconds, 10), '\n', '\n')
}

func firstLine(s string) string {
	if end := strings.IndexAny(s, "\r\n\x00"); end >= 0 {
		return s[:end]
	}
	return s
}
