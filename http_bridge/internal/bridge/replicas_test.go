package bridge

import (
	"fmt"
	"testing"
	"time"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

func TestListOf(t *testing.T) {
	tests := []struct {
		target string
		want   int
	}{
		{"127.0.0.1:1,127.0.0.1:2", 2},
		{"a.example:1, b.example:2,[::1]:3", 3},
		{"127.0.0.1:1", 0},
		{"dns:///a:1,b:2", 0},
		{"127.0.0.1:1,unix:/path", 0},
		{"127.0.0.1:1,,127.0.0.1:2", 0},
	}
	for _, test := range tests {
		if got := listOf(test.target); len(got) != test.want {
			t.Errorf("listOf(%q) = %q, want %d addresses", test.target, got, test.want)
		}
	}
}

// A viewer's own connection stands while the replica behind it changes.
func TestViewersGoOnWithTheOtherReplicaWhenOneDies(t *testing.T) {
	other := fakes.Start(t)
	b := start(t, func(o *Options) {
		o.ProgressService += "," + other.Address
		o.JobService += "," + other.Address
	})
	replicas := []*fakes.Server{b.Server, other}
	// Both hear of everything, as replicas do.
	say := func(change func(*fakes.Job)) {
		for _, replica := range replicas {
			replica.Progress.Update(jobA, change)
		}
	}
	for _, replica := range replicas {
		replica.Progress.Add(jobA, "dev")
	}
	say(func(j *fakes.Job) { j.Lease(0, 0) })
	texts := fakes.Texts{}
	stream := b.open(progressURL(jobA) + "?text=1&max_rate=0")
	want := ""
	for round := range 4 {
		dying := replicas[round%2]
		for i := range 3 {
			word := fmt.Sprintf("round %d word %d, ", round, i)
			want += word
			say(func(j *fakes.Job) { j.Write(word) })
			take(t, stream, texts, len(want))
		}
		dying.Stop()
		word := "while one is away, "
		want += word
		say(func(j *fakes.Job) { j.Write(word) })
		begun := time.Now()
		take(t, stream, texts, len(want))
		if away := time.Since(begun); away > 10*time.Second {
			t.Errorf("round %d: the other replica was asked after %v", round, away)
		}
		dying.Start()
	}
	say(func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	for _, e := range stream.Until("complete") {
		texts.Apply(t, e)
	}
	if texts["answer"] != want {
		t.Errorf("text %q, want %q", texts["answer"], want)
	}
	stream.Ended()
}

// A replica that hangs keeps its connections, and accepts new ones.
func TestViewersGoOnWithTheOtherReplicaWhenOneHangs(t *testing.T) {
	other := fakes.Start(t)
	b := start(t, func(o *Options) {
		o.ProgressService += "," + other.Address
		o.SSE.UpstreamHeartbeat, o.SSE.UpstreamSilence = 50*time.Millisecond, 400*time.Millisecond
	})
	replicas := []*fakes.Server{b.Server, other}
	say := func(change func(*fakes.Job)) {
		for _, replica := range replicas {
			replica.Progress.Update(jobA, change)
		}
	}
	for _, replica := range replicas {
		replica.Progress.Add(jobA, "dev")
	}
	say(func(j *fakes.Job) { j.Lease(0, 0) })
	texts := fakes.Texts{}
	stream := b.open(progressURL(jobA) + "?text=1&max_rate=0")
	mine := b.open("/api/v1/ai/generation/progress?mine=active&text=1&max_rate=0")
	mineTexts := fakes.Texts{}
	want := ""
	for round := range 4 {
		hung := replicas[round%2]
		hung.Freeze()
		word := fmt.Sprintf("while replica %d hangs, ", round%2)
		want += word
		say(func(j *fakes.Job) { j.Write(word) })
		take(t, stream, texts, len(want))
		take(t, mine, mineTexts, len(want))
		hung.Thaw()
		want += "after it, "
		say(func(j *fakes.Job) { j.Write("after it, ") })
		take(t, stream, texts, len(want))
		take(t, mine, mineTexts, len(want))
	}
	if texts["answer"] != want || mineTexts["answer"] != want {
		t.Errorf("texts %q and %q, want %q", texts["answer"], mineTexts["answer"], want)
	}
}

func TestAWatchOfAJobOfWhichThereIsNothingToSayIsNotGivenUp(t *testing.T) {
	const silence = 500 * time.Millisecond
	b := start(t, func(o *Options) { o.SSE.UpstreamHeartbeat, o.SSE.UpstreamSilence = silence/10, silence })
	b.Progress.Add(jobA, "dev")
	b.open(progressURL(jobA)).Next()
	opened, _ := b.Progress.Watches()
	begun := time.Now()
	fakes.Await(t, "several times the silence", func() bool { return time.Since(begun) > 4*silence })
	if again, open := b.Progress.Watches(); again != opened || open == 0 {
		t.Errorf("%d watches were opened, %d before; %d are open", again, opened, open)
	}
}
