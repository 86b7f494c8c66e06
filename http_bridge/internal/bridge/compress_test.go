package bridge

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// counted counts what comes through.
type counted struct {
	io.Reader
	bytes int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.bytes += n
	return n, err
}

func openCompressed(t *testing.T, b *running, path string) *http.Response {
	t.Helper()
	request, err := http.NewRequest("GET", b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestStreamsAreNotCompressedByDefault(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	if got := openCompressed(t, b, progressURL(jobA)).Header.Get("Content-Encoding"); got != "" {
		t.Errorf("Content-Encoding %q", got)
	}
}

func TestACompressedStreamIsFlushedFrameByFrameAndEndsWhole(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.Compress = true })
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	response := openCompressed(t, b, progressURL(jobA)+"?text=true&max_rate=0")
	if response.Header.Get("Content-Encoding") != "gzip" || response.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v", response.Header)
	}
	wire := &counted{Reader: response.Body}
	plain, err := gzip.NewReader(wire)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	want := ""
	buffer := make([]byte, 1<<16)
	texts := func() fakes.Texts {
		texts := fakes.Texts{}
		for _, e := range fakes.Parse(string(got)) {
			texts.Apply(t, e)
		}
		return texts
	}
	for range 50 {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("Light scatters. ") })
		want += "Light scatters. "
		// Each comes by itself: nothing is sent that could push it out.
		for texts()["answer"] != want {
			n, err := plain.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, buffer[:n]...)
		}
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	rest, err := io.ReadAll(plain) // checks the length and the checksum
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, rest...)
	events := fakes.Parse(string(got))
	if last := events[len(events)-1]; last.Event != "complete" {
		t.Errorf("last event %+v", last)
	}
	if wire.bytes*3 > len(got) {
		t.Errorf("%d bytes for %d", wire.bytes, len(got))
	}
}

func TestWhoDoesNotAskForCompressionIsServedAsEver(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.Compress = true })
	b.Progress.Add(jobA, "dev")
	stream := b.open(progressURL(jobA), "Accept-Encoding", "identity")
	if got := stream.Response.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("Content-Encoding %q", got)
	}
	if e := stream.Next(); e.Event != "progress" {
		t.Errorf("%+v", e)
	}
}
