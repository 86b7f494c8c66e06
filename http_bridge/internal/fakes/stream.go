package fakes

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for what has to come.
const Patience = 10 * time.Second

// Event is one SSE event as a client sees it, or a comment (Event "" and Comment set).
type Event struct {
	ID, Event, Data string
	Comment         string
	Retry           string
}

// Field returns a field of the event's JSON data; nil if it has none of that name.
func (e Event) Field(t testing.TB, name string) any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(e.Data), &fields); err != nil {
		t.Fatalf("data of %q is not a JSON object: %v: %q", e.Event, err, e.Data)
	}
	return fields[name]
}

// Stream is a client of an SSE route.
type Stream struct {
	Response *http.Response
	t        testing.TB
	cancel   context.CancelFunc
	events   chan Event
	// What came after the last whole event.
	rest string
}

// Open sends a request and reads its stream; header pairs follow the URL.
func Open(t testing.TB, url string, headers ...string) *Stream {
	t.Helper()
	return Send(t, http.MethodGet, url, "", headers...)
}

// Send is Open for any method and body.
func Send(t testing.TB, method, url, body string, headers ...string) *Stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	s := &Stream{Response: response, t: t, cancel: cancel, events: make(chan Event, 4096)}
	t.Cleanup(s.Close)
	go s.read()
	return s
}

// Close hangs up.
func (s *Stream) Close() {
	s.cancel()
	s.Response.Body.Close()
}

func (s *Stream) read() {
	defer close(s.events)
	err := parse(s.Response.Body, func(e Event) { s.events <- e }, func(bad string) { s.t.Errorf("a line of the stream is no field: %q", bad) }, &s.rest)
	if err != nil {
		s.rest += "<" + err.Error() + ">"
	}
}

// Parse reads a finished stream.
func Parse(body string) (events []Event) {
	var rest string
	_ = parse(strings.NewReader(body), func(e Event) {
		if e.Event != "" {
			events = append(events, e)
		}
	}, func(string) {}, &rest) // a string has no read errors
	return events
}

// parse reads as the HTML standard says; LF line ends only, which is what we write. nil at the end.
func parse(from io.Reader, emit func(Event), bad func(string), rest *string) error {
	reader := bufio.NewReader(from)
	var e Event
	var data []string
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			*rest = line
			if err == io.EOF {
				return nil
			}
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			e.Data = strings.Join(data, "\n")
			if e != (Event{}) {
				emit(e)
			}
			e, data = Event{}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			e.Comment = value
		case "id":
			e.ID = value
		case "event":
			e.Event = value
		case "data":
			data = append(data, value)
		case "retry":
			e.Retry = value
		default:
			bad(line)
		}
	}
}

// Any returns the next event, comment or retry.
func (s *Stream) Any() Event {
	s.t.Helper()
	select {
	case e, ok := <-s.events:
		if !ok {
			s.t.Fatalf("the stream has ended (rest %q)", s.rest)
		}
		return e
	case <-time.After(Patience):
		s.t.Fatal("nothing came")
	}
	panic("not reached")
}

// Next returns the next event.
func (s *Stream) Next() Event {
	s.t.Helper()
	for {
		if e := s.Any(); e.Event != "" {
			return e
		}
	}
}

// Until returns the events up to the first with one of the names, which is the last.
func (s *Stream) Until(names ...string) []Event {
	s.t.Helper()
	var events []Event
	for {
		e := s.Next()
		events = append(events, e)
		for _, name := range names {
			if e.Event == name {
				return events
			}
		}
	}
}

// Ended waits for the clean end of the stream and fails on any event before.
func (s *Stream) Ended() {
	s.t.Helper()
	deadline := time.After(Patience)
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				if s.rest != "" {
					s.t.Fatalf("bytes after the last event: %q", s.rest)
				}
				return
			}
			if e.Event != "" {
				s.t.Fatalf("an event after the last one: %+v", e)
			}
		case <-deadline:
			s.t.Fatal("the stream does not end")
		}
	}
}

// Texts is what a client has made of the text events: what it shows, by channel.
type Texts map[string]string

// Apply takes in an event; it fails on a gap or a repeat.
func (x Texts) Apply(t testing.TB, e Event) {
	t.Helper()
	if e.Event != "text" && e.Event != "reset" {
		return
	}
	channel := e.Field(t, "channel").(string)
	offset := int(e.Field(t, "text_offset").(float64))
	if e.Event == "reset" {
		if offset > len(x[channel]) {
			t.Fatalf("reset of %s to %d, only %d bytes were given", channel, offset, len(x[channel]))
		}
		x[channel] = x[channel][:offset]
		return
	}
	if offset != len(x[channel]) {
		t.Fatalf("text of %s at %d, but %d bytes were given", channel, offset, len(x[channel]))
	}
	x[channel] += e.Field(t, "text").(string)
	if end := int(e.Field(t, "text_end").(float64)); end != len(x[channel]) {
		t.Fatalf("text_end is %d, want %d", end, len(x[channel]))
	}
}

// Await polls a condition that no event announces.
func Await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
