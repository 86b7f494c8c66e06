package bridge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// take applies events until the texts have `bytes` bytes of answer; it returns the last id.
func take(t *testing.T, stream *fakes.Stream, texts fakes.Texts, bytes int) (lastID string) {
	t.Helper()
	for len(texts["answer"]) < bytes {
		e := stream.Next()
		texts.Apply(t, e)
		lastID = e.ID
	}
	return lastID
}

func TestResumeInTheMiddleHasNoGapAndNoRepeat(t *testing.T) {
	for _, way := range []string{"Last-Event-ID header", "last_event_id parameter"} {
		t.Run(way, func(t *testing.T) {
			b := start(t, nil)
			b.Progress.Add(jobA, "dev")
			b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
			texts := fakes.Texts{}
			path := progressURL(jobA) + "?text=1&max_rate=0"
			stream := b.open(path)
			want := ""
			for i := range 100 {
				word := fmt.Sprintf("word %d é🌍, ", i)
				want += word
				b.Progress.Update(jobA, func(j *fakes.Job) { j.Write(word) })
				id := take(t, stream, texts, len(want))
				if i%10 != 3 {
					continue
				}
				stream.Close()
				// What happens meanwhile is not lost.
				b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("(unseen)") })
				want += "(unseen)"
				if way == "Last-Event-ID header" {
					stream = b.open(path, "Last-Event-ID", id)
				} else {
					stream = b.open(path + "&last_event_id=" + id)
				}
				if e := stream.Next(); e.Event != "progress" {
					t.Fatalf("a resumed stream begins with %q, want the newest snapshot", e.Event)
				}
			}
			b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
			for _, e := range stream.Until("complete") {
				texts.Apply(t, e)
			}
			if texts["answer"] != want {
				t.Errorf("text %q, want %q", texts["answer"], want)
			}
			stream.Ended()
		})
	}
}

func TestANewAttemptTakesBackWhatItDoesNotKeep(t *testing.T) {
	tests := []struct {
		name, reason string
		kept         int
	}{{"continued", "CONTINUED", 6}, {"restarted", "RESTARTED", 0}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, nil)
			b.Progress.Add(jobA, "dev")
			b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light scatters") })
			texts := fakes.Texts{}
			watching := b.open(progressURL(jobA) + "?text=true&max_rate=0")
			id := take(t, watching, texts, 14)
			b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(test.kept, 0); j.Write("bends") })

			away := b.open(progressURL(jobA)+"?text=true&max_rate=0", "Last-Event-ID", id)
			for name, stream := range map[string]*fakes.Stream{"watching": watching, "away meanwhile": away} {
				shown := fakes.Texts{"answer": texts["answer"]}
				events := stream.Until("reset")
				reset := events[len(events)-1]
				if reset.Field(t, "reason") != test.reason || reset.Field(t, "attempt") != 2.0 {
					t.Errorf("%s: reset %+v", name, reset)
				}
				shown.Apply(t, reset)
				take(t, stream, shown, test.kept+5)
				if want := "Light scatters"[:test.kept] + "bends"; shown["answer"] != want {
					t.Errorf("%s: text %q, want %q", name, shown["answer"], want)
				}
			}
		})
	}
}

func TestUnusableCursorsStartOverWithAReset(t *testing.T) {
	tests := []struct{ name, cursor string }{
		{"garbage", "garbage"},
		{"of another job", cursor.Start(jobB, true).String()},
		{"of a version that never was", cursor.Cursor{Hash: cursor.Hash(jobA), Version: 99, TextVersion: 99, Answer: 5, Thinking: 0}.String()},
		{"of the seed's plain numbers", "118"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, nil)
			b.Progress.Add(jobA, "dev")
			b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light") })
			stream := b.open(progressURL(jobA)+"?text=true", "Last-Event-ID", test.cursor)
			events := stream.Until("text")
			resets := 0
			for _, e := range events {
				if e.Event == "reset" {
					resets++
					if e.Field(t, "text_offset") != 0.0 || e.Field(t, "reason") != "CURSOR_INVALID" {
						t.Errorf("reset %+v", e)
					}
				}
			}
			if resets != 2 {
				t.Errorf("%d resets, want one for each channel", resets)
			}
			if last := events[len(events)-1]; last.Field(t, "text") != "Light" {
				t.Errorf("text %+v", last)
			}
		})
	}
}

func TestACursorAheadOfALaggingReplicaIsShownNothingOlder(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.BehindLimit = 50 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light") })
	// The ledger has come to version 4; progress_service has not heard of it.
	b.Jobs.SetVersion(jobA, 4)
	ahead := cursor.Cursor{Hash: cursor.Hash(jobA), Version: 4, TextVersion: 2, Answer: 5}
	stream := b.open(progressURL(jobA)+"?text=true", "Last-Event-ID", ahead.String())
	stream.Ended() // without an event, so that the client tries again

	stream = b.open(progressURL(jobA)+"?text=true", "Last-Event-ID", ahead.String())
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Progress.Version = 4; j.Progress.State = pb.Job_STATE_QUEUED })
	if e := stream.Next(); e.Event != "progress" || e.Field(t, "version") != 4.0 {
		t.Errorf("first event %+v", e)
	}
}

func TestA204StopsOnlyThoseWhoHaveSeenEverything(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Think("hm"); j.Write("Light") })
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	b.Progress.Add(jobB, "dev")
	end := cursor.Cursor{Hash: cursor.Hash(jobA), Version: 3, TextVersion: 2, Answer: 5, Thinking: 2, Terminal: true}
	with := func(change func(*cursor.Cursor)) string {
		c := end
		change(&c)
		return c.String()
	}
	tests := []struct {
		name, cursor, query string
		status              int
		// Bytes of answer that come, and the last event.
		text int
		last string
	}{
		{"the terminal one", end.String(), "?text=true", 204, 0, ""},
		{"the terminal one, text not asked for", end.String(), "", 204, 0, ""},
		{"the terminal one without text, text not asked for", with(func(c *cursor.Cursor) { c.Answer, c.Thinking = -1, -1 }), "", 204, 0, ""},
		{"the terminal one without text, text asked for", with(func(c *cursor.Cursor) { c.Answer, c.Thinking = -1, -1 }), "?text=true", 200, 5, "complete"},
		{"the terminal one with part of the text", with(func(c *cursor.Cursor) { c.Answer = 2 }), "?text=true", 200, 3, "complete"},
		{"all of the text but not the end", with(func(c *cursor.Cursor) { c.Terminal = false }), "?text=true", 200, 0, "complete"},
		{"in the middle", with(func(c *cursor.Cursor) { c.Terminal = false; c.Version = 2; c.Answer = 1 }), "?text=true", 200, 4, "complete"},
		{"of another job", with(func(c *cursor.Cursor) { c.Hash = cursor.Hash(jobB) }), "?text=true", 200, 5, "complete"},
		{"none", "", "?text=true", 200, 5, "complete"},
		{"past the end of the text", with(func(c *cursor.Cursor) { c.Answer = 500 }), "?text=true", 200, 5, "complete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.status == 204 {
				if got := b.call("GET", progressURL(jobA)+test.query, "", "Last-Event-ID", test.cursor); got.StatusCode != 204 || got.body != "" {
					t.Fatalf("status %d, body %q", got.StatusCode, got.body)
				}
				return
			}
			stream := b.open(progressURL(jobA)+test.query, "Last-Event-ID", test.cursor)
			text := 0
			for _, e := range stream.Until(test.last) {
				switch e.Event {
				case "text":
					if e.Field(t, "channel") == "answer" {
						text += len(e.Field(t, "text").(string))
					}
				case "progress":
					t.Error("who joins after the end gets no progress event")
				}
			}
			if text != test.text {
				t.Errorf("%d bytes of text, want %d", text, test.text)
			}
			stream.Ended()
		})
	}
}

func TestTheEndOfAStreamIsAnsweredBy204WhenTheClientReturns(t *testing.T) {
	for _, query := range []string{"", "?text=true", "?text=true&max_rate=0"} {
		for _, end := range []pb.Job_State{pb.Job_STATE_COMPLETED, pb.Job_STATE_FAILED, pb.Job_STATE_CANCELLED, pb.Job_STATE_EXPIRED} {
			b := start(t, nil)
			b.Progress.Add(jobA, "dev")
			stream := b.open(progressURL(jobA) + query)
			stream.Next()
			b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write(strings.Repeat("Light ", 20_000)) })
			b.Progress.Update(jobA, func(j *fakes.Job) { j.End(end) })
			events := stream.Until("complete", "error")
			stream.Ended()
			last := events[len(events)-1]
			if got := b.call("GET", progressURL(jobA)+query, "", "Last-Event-ID", last.ID); got.StatusCode != http.StatusNoContent {
				t.Errorf("%s after %v: status %d", query, end, got.StatusCode)
			}
		}
	}
}

func TestAnUnknownJobIsAnErrorEventAndThen204(t *testing.T) {
	b := start(t, nil)
	for _, jobID := range []string{jobB, "job_nonsense", "x", "%20%C3%A9"} {
		stream := b.open(progressURL(jobID))
		if stream.Response.StatusCode != 200 {
			t.Fatalf("status %d: EventSource would give up without a word", stream.Response.StatusCode)
		}
		e := stream.Next()
		if e.Event != "error" || e.Data != `{"error":"Job not found"}` {
			t.Errorf("%s: event %+v", jobID, e)
		}
		stream.Ended()
		if got := b.call("GET", progressURL(jobID), "", "Last-Event-ID", e.ID); got.StatusCode != 204 {
			t.Errorf("%s: status %d on return", jobID, got.StatusCode)
		}
	}
}

func TestARestartUpstreamIsNotNoticedByViewers(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0) })
	texts := fakes.Texts{}
	stream := b.open(progressURL(jobA) + "?text=true&max_rate=0")
	want := ""
	for range 3 {
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("Light ") })
		want += "Light "
		take(t, stream, texts, len(want))
		b.Stop()
		b.Progress.Update(jobA, func(j *fakes.Job) { j.Write("scatters ") })
		want += "scatters "
		b.Start()
		take(t, stream, texts, len(want))
	}
	if texts["answer"] != want {
		t.Errorf("text %q, want %q", texts["answer"], want)
	}
	cursors := b.Progress.Cursors()
	last, err := cursor.Parse(cursors[len(cursors)-1])
	if err != nil || last.Answer == 0 {
		t.Errorf("the watch was opened anew from %q, not from where the bridge stood", cursors[len(cursors)-1])
	}
}

func TestATextVersionThatNeverComesStartsOverAfterAWhile(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.BehindLimit = 50 * time.Millisecond })
	b.Progress.Add(jobA, "dev")
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light"); j.Progress.Version = 5 })
	made := cursor.Cursor{Hash: cursor.Hash(jobA), Version: 5, TextVersion: 4, Answer: 3}
	stream := b.open(progressURL(jobA)+"?text=true", "Last-Event-ID", made.String())
	events := stream.Until("text")
	if last := events[len(events)-1]; last.Field(t, "text") != "Light" || events[len(events)-2].Field(t, "reason") != "CURSOR_INVALID" {
		t.Errorf("%+v", events)
	}
}

func TestWhoWaitsForTheFirstEventHearsThatItIsWaitedFor(t *testing.T) {
	const waiting = 30 * time.Millisecond
	short := func(o *Options) { o.SSE.Waiting, o.SSE.BehindLimit = waiting, 10*waiting }
	for _, from := range []string{"the beginning", "a cursor"} {
		t.Run(from, func(t *testing.T) {
			b := start(t, short)
			b.Stop() // no replica answers
			if from == "the beginning" {
				stream := b.open(progressURL(jobA))
				for comments := 0; comments < 15; {
					if e := stream.Any(); e.Comment == "heartbeat" {
						comments++
					} else if e.Event != "" {
						t.Fatalf("while nobody answers: %+v", e)
					}
				}
				return
			}
			// Another bridge may know what this one can't learn.
			held := cursor.Cursor{Hash: cursor.Hash(jobA), Version: 2, TextVersion: 2, Answer: 5, Thinking: 0}
			b.open(progressURL(jobA)+"?text=true", "Last-Event-ID", held.String()).Ended()
		})
	}
}

func TestAnEmptyListOfMineIsNotWaitedFor(t *testing.T) {
	b := start(t, func(o *Options) { o.SSE.Waiting, o.SSE.Heartbeat = 10*time.Millisecond, time.Hour })
	stream := b.open("/api/v1/ai/generation/progress?mine=active")
	time.AfterFunc(100*time.Millisecond, func() { b.Progress.Add(jobA, "dev") })
	for {
		e := stream.Any()
		if e.Comment == "heartbeat" {
			t.Fatal("an idle stream says that it waits")
		}
		if e.Event == "progress" {
			return
		}
	}
}
