package bridge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Named after a defect of the first system: each viewer read the database five times a second.
func TestSeedDefect27FiftyViewersCostOneWatchAndNoReadsAfterJoining(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	var streams []*fakes.Stream
	for i := range 50 {
		query := "?max_rate=0"
		if i%2 == 0 {
			query += "&text=true"
		}
		streams = append(streams, b.open(progressURL(jobA)+query))
	}
	for _, stream := range streams {
		stream.Next()
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	for i := range 20 {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(fmt.Sprint(i)) })
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	for _, stream := range streams {
		stream.Until("complete")
	}
	if opened, _ := b.Progress.Watches(); opened != 1 {
		t.Errorf("%d watches upstream, want 1", opened)
	}
	if gets := b.Progress.Gets(); gets != 50 {
		t.Errorf("%d questions for 50 viewers, want one each", gets)
	}
}

func TestTheWatchUpstreamEndsWithTheLastViewer(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	first, second := b.open(progressURL(jobA)), b.open(progressURL(jobA))
	first.Next()
	second.Next()
	first.Close()
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	second.Next()
	if _, open := b.Progress.Watches(); open != 1 {
		t.Fatalf("%d watches open while somebody looks", open)
	}
	second.Close()
	fakes.Await(t, "the watch upstream is closed", func() bool { _, open := b.Progress.Watches(); return open == 0 })
}

// raw is a viewer that reads when it wants to, over a small receive buffer (in bytes).
func raw(t *testing.T, b *running, path string, receiveBuffer int) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(receiveBuffer); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path)
	return conn, bufio.NewReader(conn)
}

func TestASlowViewerSlowsNobodyAndGetsAllOfTheTextLater(t *testing.T) {
	b := start(t, func(o *Options) { o.WriteStall = 5 * time.Minute }) // dropping it is another test's
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	path := progressURL(jobA) + "?text=true&max_rate=0"
	conn, slow := raw(t, b, path, 16<<10)
	if line, err := slow.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}
	healthy := b.open(path)
	texts := fakes.Texts{}
	const updates = 250
	chunk := strings.Repeat("Light scatters. ", 256)
	want := ""
	// Far more than sockets hold, so that the slow one's writer blocks.
	for range updates {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(chunk) })
		want += chunk
		take(t, healthy, texts, len(want))
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	healthy.Until("complete")

	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 20); err != nil { // it hurries now
		t.Fatal(err)
	}
	rest, err := io.ReadAll(slow)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	got := fakes.Texts{}
	progress, last := 0, ""
	for _, e := range fakes.Parse(string(body)) {
		got.Apply(t, e)
		if e.Event == "progress" {
			progress++
		}
		last = e.Event
	}
	if got["answer"] != want || last != "complete" {
		t.Errorf("the slow viewer has %d bytes of %d, last event %q", len(got["answer"]), len(want), last)
	}
	if progress > updates/2 {
		t.Errorf("%d snapshots for a viewer that did not read: they were kept for it", progress)
	}
}

func TestAPeerThatStopsReadingIsDropped(t *testing.T) {
	b := start(t, func(o *Options) { o.WriteStall = 300 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	raw(t, b, progressURL(jobA)+"?text=true&max_rate=0", 4096) // and never reads
	chunk := strings.Repeat("Light scatters. ", 4096)
	fakes.Await(t, "the viewer is there", func() bool { _, open := b.Progress.Watches(); return open == 1 })
	for range 20 {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(chunk) })
	}
	fakes.Await(t, "the viewer is dropped, and so the watch", func() bool { _, open := b.Progress.Watches(); return open == 0 })
}

func TestASlowReaderIsNotDroppedWhileItTakesBytes(t *testing.T) {
	const stall = 3 * time.Second
	b := start(t, func(o *Options) { o.WriteStall = stall })
	b.Progress.Add(jobA, "dev")
	text := strings.Repeat("Light scatters. ", 16384)
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write(text) })
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	conn, _ := raw(t, b, progressURL(jobA)+"?text=true", 32<<10)
	begun := time.Now()
	var got bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		got.Write(buffer[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Millisecond) // the reader's slowness is what is tested
	}
	if taken := time.Since(begun); taken < stall {
		t.Fatalf("read everything in %v: too fast to test anything", taken)
	}
	if !strings.Contains(got.String(), "event: complete") {
		t.Errorf("cut off after %d bytes", got.Len())
	}
}

// Named after a defect of the first system: the whole text was sent again twice a second.
func TestSeedDefect28TextIsSentOnce(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	stream := b.open(progressURL(jobA) + "?text=true&max_rate=0")
	written, sent := 0, 0
	for i := range 200 {
		word := fmt.Sprintf("word %d ", i)
		written += len(word)
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(word) })
		for sent < written {
			if e := stream.Next(); e.Event == "text" {
				sent += len(e.Field(t, "text").(string))
			}
		}
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	for _, e := range stream.Until("complete") {
		if e.Event == "text" {
			sent += len(e.Field(t, "text").(string))
		}
	}
	if sent != written {
		t.Errorf("%d bytes of text were sent for %d", sent, written)
	}
}

func TestUpdatesAreConflatedToTheRateAndTheEndGoesAtOnce(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA) + "?text=true&max_rate=0.01")
	begun := time.Now()
	stream.Next() // the leading edge
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	for i := range 100 {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(fmt.Sprintf("%02d", i)) })
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	texts := fakes.Texts{}
	events := stream.Until("complete")
	for _, e := range events {
		texts.Apply(t, e)
	}
	if len(events) > 3 || len(texts["answer"]) != 200 {
		t.Errorf("%d events, %d bytes of text; want one text, progress and complete", len(events), len(texts["answer"]))
	}
	if taken := time.Since(begun); taken > 5*time.Second {
		t.Errorf("the end took %v", taken)
	}
}

func TestTheDefaultRateIsTwentyASecond(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA))
	stream.Next()
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	begun := time.Now()
	updates := 0
	for updates < 100 || time.Since(begun) < 500*time.Millisecond {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("x") })
		updates++
		time.Sleep(time.Millisecond) // the pace of a fast model
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	events := len(stream.Until("complete")) - 2
	limit := int(time.Since(begun).Seconds()*20) + 2
	if events > limit || events < 3 {
		t.Errorf("%d events for %d updates, want at most %d", events, updates, limit)
	}
}

func TestNoTextCanBreakAFrame(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	evil := "a\r\n\r\nevent: complete\ndata: {}\n\nid: c1.0.e\rretry: 0\n\n: \u2028\u2029\x00\u0085\ufeff}\"\\"
	b.Progress.Update(jobA, func(j *fakes.Job) {
		j.Lease(0, 0)
		j.Progress.Model, j.Progress.ErrorMessage, j.Progress.Reason = "m\n\nevent: error\n", "e\r\rdata: x", "R\nid: 7"
		j.Write(evil)
	})
	stream := b.open(progressURL(jobA) + "?text=true")
	texts := fakes.Texts{}
	take(t, stream, texts, len(evil))
	if texts["answer"] != evil {
		t.Errorf("text %q, want %q", texts["answer"], evil)
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_FAILED) })
	events := stream.Until("complete", "error")
	if e := events[len(events)-1]; e.Event != "error" || e.Field(t, "error") != "e\r\rdata: x" {
		t.Errorf("last event %+v", e)
	}
}
