package bridge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// A connection can't be taken over there: net/http has to write.
func TestStreamsGoOverHTTP2AndTLSInThisProcess(t *testing.T) {
	for _, http2 := range []bool{true, false} {
		t.Run(fmt.Sprintf("HTTP/2 %v", http2), func(t *testing.T) {
			services := fakes.Start(t)
			options := DefaultOptions()
			options.JobService, options.ProgressService, options.DevUser = services.Address, services.Address, "dev"
			options.SSE.Shards = testShards
			b, err := newBridge(options)
			if err != nil {
				t.Fatal(err)
			}
			defer b.close()
			handler, err := b.routes()
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(handler)
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			defer b.streams.Drain()

			services.Progress.Add(jobA, "dev")
			services.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light") })
			response, err := server.Client().Get(server.URL + progressURL(jobA) + "?text=true")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if want := map[bool]int{true: 2, false: 1}[http2]; response.ProtoMajor != want {
				t.Fatalf("%s", response.Proto)
			}
			services.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			texts, last := fakes.Texts{}, ""
			for _, e := range fakes.Parse(string(body)) {
				texts.Apply(t, e)
				last = e.Event
			}
			if texts["answer"] != "Light" || last != "complete" {
				t.Errorf("%v, last event %q", texts, last)
			}
		})
	}
}

func TestTheHeadOfAStreamIsThatOfOtherAnswers(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.End(pb.Job_STATE_COMPLETED) })
	stream, other := b.open(progressURL(jobA)), b.call("GET", statusURL(jobA), "")
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"} {
		if got, want := stream.Response.Header.Get(name), other.Header.Get(name); got != want || want == "" {
			t.Errorf("%s: %q, elsewhere %q", name, got, want)
		}
	}
	if _, err := http.ParseTime(stream.Response.Header.Get("Date")); err != nil {
		t.Error(err)
	}
	if te := stream.Response.TransferEncoding; len(te) != 1 || te[0] != "chunked" {
		t.Errorf("encoding %v: a stream that was cut off would look whole", te)
	}
	stream.Until("complete")
	stream.Ended()
}

func TestAStreamThatIsCutOffLooksCutOff(t *testing.T) {
	b := start(t, func(o *Options) { o.WriteStall = 300 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write(strings.Repeat("Light scatters. ", 1<<16)) })
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s?text=true HTTP/1.1\r\nHost: localhost\r\n\r\n", progressURL(jobA))
	fakes.Await(t, "it was there and is dropped, for it does not read", func() bool {
		opened, open := b.Progress.Watches()
		return opened > 0 && open == 0
	})
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("it ends like a whole answer")
	}
}

func TestDrainingCutsOffWhoDoesNotRead(t *testing.T) {
	b := start(t, func(o *Options) { o.Drain = 500 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	text := strings.Repeat("Light scatters. ", 1<<16)
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write(text) })
	for range 5 {
		_, reader := raw(t, b, progressURL(jobA)+"?text=true&max_rate=0", 4096)
		if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatal(line, err)
		}
	}
	b.open(progressURL(jobA)).Next() // a watch is there
	b.stop()
	select {
	case <-b.done:
	case <-time.After(fakes.Patience):
		t.Fatal("the bridge does not stop")
	}
}

func TestWhatAClientSaysAfterItsRequestChangesNothing(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	conn, reader := raw(t, b, progressURL(jobA)+"?text=true&max_rate=0", 1<<20)
	fakes.Await(t, "the viewer is there", func() bool { _, open := b.Progress.Watches(); return open == 1 })
	fmt.Fprint(conn, strings.Repeat("GET / HTTP/1.1\r\n", 100))
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("Light"); j.End(pb.Job_STATE_COMPLETED) })
	body, _ := io.ReadAll(reader) // the end may be a reset: nobody has read what the client said
	if !strings.Contains(string(body), "event: complete") {
		t.Errorf("%s", body)
	}
}

// What a viewer costs beside its connection: with shards, the goroutine that notices it leaving.
func TestAViewerOnAShardHasOneGoroutine(t *testing.T) {
	if testShards == 0 {
		return // net/http has more
	}
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	const viewers = 200
	var conns []net.Conn
	open := func() {
		conn, reader := raw(t, b, progressURL(jobA), 1<<16)
		for {
			line, err := reader.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "event: progress\n" {
				break
			}
		}
		conns = append(conns, conn)
	}
	open() // with it the watch begins
	before := runtime.NumGoroutine()
	for range viewers {
		open()
	}
	fakes.Await(t, "the goroutines that admitted them have ended", func() bool {
		return runtime.NumGoroutine()-before <= viewers+5
	})
	for _, conn := range conns {
		conn.Close()
	}
	fakes.Await(t, "all have ended", func() bool { return runtime.NumGoroutine() < before })
}
