package sse

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

func state(version, sequence uint32) *pb.Progress {
	p := generating()
	p.Version, p.Sequence = version, sequence
	return p
}

func piece(offset int, text string) *pb.TextPiece {
	return &pb.TextPiece{Channel: pb.Channel_CHANNEL_ANSWER, Offset: uint32(offset), Text: text}
}

func apply(t *testing.T, v *value, u *pb.JobUpdate) bool {
	t.Helper()
	changed, err := v.apply(u)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestOlderSnapshotsAreDropped(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(3, 10)})
	for _, old := range []*pb.Progress{state(3, 9), state(2, 99), state(3, 10)} {
		if apply(t, &v, &pb.JobUpdate{Progress: old}) {
			t.Errorf("(%d, %d) changed (3, 10)", old.Version, old.Sequence)
		}
	}
	if !apply(t, &v, &pb.JobUpdate{Progress: state(4, 0)}) || v.progress.Version != 4 {
		t.Error("a newer version was dropped")
	}
}

func TestAtEqualOrderOnlyTheQueueIsReplaced(t *testing.T) {
	v := newValue(jobA)
	first := queued()
	apply(t, &v, &pb.JobUpdate{Progress: first})
	second := queued()
	second.QueuePosition, second.QueueSize, second.ExpectedWaitMs = 2, 7, proto.Uint32(90000)
	second.Numbers = &pb.JobNumbers{CurrentTokens: 99}
	if !apply(t, &v, &pb.JobUpdate{Progress: second}) {
		t.Fatal("the new position was dropped")
	}
	if v.progress.QueuePosition != 2 || v.progress.GetExpectedWaitMs() != 90000 || v.progress.Numbers.CurrentTokens != 0 {
		t.Errorf("merged: %v", v.progress)
	}
	if first.QueuePosition != 3 {
		t.Error("the snapshot that viewers may be encoding was changed")
	}
	third := queued()
	third.Reason, third.ErrorMessage, third.RetryTime = "MODEL_SERVER_UNREACHABLE", "It is away.", timestamppb.Now()
	if !apply(t, &v, &pb.JobUpdate{Progress: third}) || v.progress.Reason != third.Reason || v.progress.RetryTime != third.RetryTime {
		t.Errorf("why it waits was dropped: %v", v.progress)
	}
}

func TestOverlappingPiecesAreMergedByOffset(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Pieces: []*pb.TextPiece{piece(0, "Light "), piece(3, "ht scat"), piece(2, "ght")}})
	if got := string(v.texts[answer]); got != "Light scat" {
		t.Errorf("text %q", got)
	}
	if _, err := v.apply(&pb.JobUpdate{Pieces: []*pb.TextPiece{piece(11, "x")}}); err != errGap {
		t.Errorf("a gap was not noticed: %v", err)
	}
}

func TestALeaseTakesTextBackWithoutAnExplicitReset(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Bases: []*pb.LeaseBase{{Version: 2}}, Pieces: []*pb.TextPiece{piece(0, "Light scatters")}})
	apply(t, &v, &pb.JobUpdate{Progress: state(4, 0), Bases: []*pb.LeaseBase{{Version: 2}, {Version: 4, Answer: 6}}})
	if got := string(v.texts[answer]); got != "Light " || v.epoch != 0 {
		t.Errorf("text %q, epoch %d", got, v.epoch)
	}
}

func TestAResetThatNoLeaseExplainsInvalidatesEveryViewer(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Bases: []*pb.LeaseBase{{Version: 2}}, Pieces: []*pb.TextPiece{piece(0, "Light")}})
	at := v.step(place{due: true}, ask{text: true}).next
	apply(t, &v, &pb.JobUpdate{
		Progress: state(1, 0), Pieces: []*pb.TextPiece{piece(0, "Dark")},
		Resets: []*pb.TextReset{{Channel: pb.Channel_CHANNEL_ANSWER, Reason: reasonCursorInvalid}},
	})
	s := v.step(at, ask{text: true})
	if got := string(s.frames); !strings.Contains(got, `"reason":"CURSOR_INVALID"`) || !strings.Contains(got, `"text":"Dark"`) {
		t.Errorf("frames: %s", got)
	}
	if v.progress.Version != 1 {
		t.Error("the disproved snapshot was kept")
	}
}

func TestAnEndIsShownOnlyWhenAllOfTheTextIsThere(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Pieces: []*pb.TextPiece{piece(0, "Light ")}})
	at := v.step(place{due: true}, ask{text: true}).next
	apply(t, &v, &pb.JobUpdate{Progress: completed()})
	at.due = true
	if s := v.step(at, ask{text: true}); len(s.frames) != 0 || s.ended {
		t.Errorf("shown before the text is complete: %s", s.frames)
	}
	apply(t, &v, &pb.JobUpdate{Pieces: []*pb.TextPiece{piece(6, "scatters")}, Terminal: true})
	s := v.step(at, ask{text: true})
	if !s.ended || s.events != 3 {
		t.Errorf("events %d: %s", s.events, s.frames)
	}
}

func TestAViewerFarBehindGetsTheTextInSeveralBoundedSteps(t *testing.T) {
	v := newValue(jobA)
	text := strings.Repeat("🌍é", 50_000)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Pieces: []*pb.TextPiece{piece(0, text)}})
	at := place{due: true}
	steps := 0
	for {
		before := at.offsets[answer]
		s := v.step(at, ask{text: true})
		if len(s.frames) == 0 {
			break
		}
		if !utf8.Valid(s.frames) {
			t.Fatal("a character was cut")
		}
		if given := s.next.offsets[answer] - before; given > maxStepBytes {
			t.Fatalf("one step gave %d bytes", given)
		}
		at = s.next
		steps++
	}
	if at.offsets[answer] != int64(len(text)) || steps < 4 {
		t.Errorf("%d bytes in %d steps", at.offsets[answer], steps)
	}
}

func TestAnOffsetInsideOfACharacterIsDisproved(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(2, 1), Pieces: []*pb.TextPiece{piece(0, "é")}})
	s := v.step(place{offsets: [channels]int64{1, 0}}, ask{text: true})
	if got := string(s.frames); !strings.Contains(got, `"text_offset":0,"reason":"CURSOR_INVALID"`) || !strings.Contains(got, `"text":"é"`) {
		t.Errorf("frames: %s", got)
	}
}

func TestViewersAtTheSamePlaceShareTheEncodedBytes(t *testing.T) {
	h := &hub{value: newValue(jobA), cache: map[cacheKey]step{}}
	apply(t, &h.value, &pb.JobUpdate{Progress: state(2, 1), Pieces: []*pb.TextPiece{piece(0, "Light")}})
	first, second := h.stepLocked(place{due: true}, ask{text: true}), h.stepLocked(place{due: true}, ask{text: true})
	if &first.frames[0] != &second.frames[0] {
		t.Error("encoded twice")
	}
	if third := h.stepLocked(place{due: true}, ask{text: true, many: true}); &third.frames[0] == &first.frames[0] {
		t.Error("shared between routes of different shape")
	}
}

func paused(version uint32, answerBytes int) *pb.Progress {
	p := base()
	p.State, p.Version = pb.Job_STATE_PAUSED, version
	p.Numbers = &pb.JobNumbers{AnswerBytes: uint32(answerBytes)}
	return p
}

func TestWhoHoldsMoreThanWasStoredIsResetToThat(t *testing.T) {
	const want = `"channel":"answer","text_offset":5,"reason":"CONTINUED"`
	shown := &pb.JobUpdate{Progress: state(2, 9), Bases: []*pb.LeaseBase{{Version: 2}}, Pieces: []*pb.TextPiece{piece(0, "Light scatters")}}
	stored := &pb.JobUpdate{Progress: paused(3, 5), Resets: []*pb.TextReset{{Channel: pb.Channel_CHANNEL_ANSWER, Offset: 5, Reason: reasonContinued}}}

	t.Run("watching", func(t *testing.T) {
		v := newValue(jobA)
		apply(t, &v, shown)
		at := v.step(place{due: true}, ask{text: true}).next
		apply(t, &v, stored)
		s := v.step(at, ask{text: true})
		if got := string(s.frames); !strings.Contains(got, want) || s.next.offsets[answer] != 5 {
			t.Errorf("frames: %s", got)
		}
		if again := v.step(s.next, ask{text: true}); len(again.frames) != 0 {
			t.Errorf("taken back twice: %s", again.frames)
		}
	})
	t.Run("away meanwhile", func(t *testing.T) {
		v := newValue(jobA)
		apply(t, &v, shown)
		apply(t, &v, stored)
		apply(t, &v, &pb.JobUpdate{Progress: state(5, 1), Pieces: []*pb.TextPiece{piece(5, " bends and bends")}})
		at := place{version: 2, cuts: v.cutsOf(2), textVersion: 2, offsets: [channels]int64{14, 0}}
		s := v.step(at, ask{text: true})
		if got := string(s.frames); !strings.Contains(got, want) || !strings.Contains(got, `"text":" bends and bends"`) {
			t.Errorf("frames: %s", got)
		}
		at = place{version: 5, cuts: v.cutsOf(5), textVersion: 2, offsets: [channels]int64{14, 0}}
		if got := string(v.step(at, ask{text: true}).frames); strings.Contains(got, "reset") {
			t.Errorf("who was given the new text is not cut: %s", got)
		}
	})
	t.Run("on a bridge that saw nothing of it", func(t *testing.T) {
		v := newValue(jobA)
		apply(t, &v, &pb.JobUpdate{Progress: paused(3, 5), Bases: []*pb.LeaseBase{{Version: 2}}, Pieces: []*pb.TextPiece{piece(0, "Light")}})
		at := place{version: 2, textVersion: 2, offsets: [channels]int64{14, 0}}
		if got := string(v.step(at, ask{text: true}).frames); !strings.Contains(got, want) {
			t.Errorf("frames: %s", got)
		}
		at.version = 3
		if got := string(v.step(at, ask{text: true}).frames); !strings.Contains(got, `"text_offset":0,"reason":"CURSOR_INVALID"`) {
			t.Errorf("nobody was given so much at that version: %s", got)
		}
	})
}

func TestATextVersionThatNoLeaseHadIsDisproved(t *testing.T) {
	v := newValue(jobA)
	apply(t, &v, &pb.JobUpdate{Progress: state(4, 1), Bases: []*pb.LeaseBase{{Version: 2}, {Version: 4}}, Pieces: []*pb.TextPiece{piece(0, "Light")}})
	got := string(v.step(place{version: 4, textVersion: 3, offsets: [channels]int64{2, 0}}, ask{text: true}).frames)
	if !strings.Contains(got, "CURSOR_INVALID") || !strings.Contains(got, `"text":"Light"`) {
		t.Errorf("frames: %s", got)
	}
}
