package sse

import (
	"os"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/wire"
)

const jobA = "job_0123456789abcdef0123456789abcdef"

func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../../tests/contract/http/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func same(t *testing.T, name string, got []byte) {
	t.Helper()
	if want := golden(t, name); string(got) != want {
		t.Errorf("%s\n got: %s\nwant: %s", name, got, want)
	}
}

// The jobs of the golden files.

func base() *pb.Progress {
	return &pb.Progress{
		JobId: jobA, Model: "llama3.1:8b", MaxFailures: 3, Priority: pb.Priority_PRIORITY_NORMAL,
		ServerTime: &timestamppb.Timestamp{Seconds: 1762000000, Nanos: 250e6},
		CreateTime: &timestamppb.Timestamp{Seconds: 1761999970},
		Numbers:    &pb.JobNumbers{},
	}
}

func queued() *pb.Progress {
	p := base()
	p.State, p.Version = pb.Job_STATE_QUEUED, 1
	p.QueuePosition, p.QueueSize, p.ExpectedWaitMs = 3, 8, proto.Uint32(120000)
	p.Held, p.Priority = true, pb.Priority_PRIORITY_HIGH
	return p
}

func generating() *pb.Progress {
	p := base()
	p.State, p.Phase, p.Version, p.Sequence, p.Attempt = pb.Job_STATE_PROCESSING, pb.Phase_PHASE_GENERATING, 2, 118, 1
	p.Numbers = &pb.JobNumbers{
		Percent: 24.6, CurrentTokens: 150, TokensEstimated: true, TokensPerSecond: 12.4999, ElapsedMs: 12000,
		RemainingMs: proto.Uint32(36000), RemainingLowMs: proto.Uint32(20000), RemainingHighMs: proto.Uint32(61000),
		FirstTokenMs: proto.Uint32(840), AnswerBytes: 600, CharsPerSecond: 50,
	}
	p.Phases = []*pb.PhaseTime{
		{Phase: pb.Phase_PHASE_LOADING, DurationMs: 312},
		{Phase: pb.Phase_PHASE_PROMPT, StartMs: 312, DurationMs: 528},
		{Phase: pb.Phase_PHASE_GENERATING, StartMs: 840, DurationMs: 11160},
	}
	p.StateTime = &timestamppb.Timestamp{Seconds: 1761999988, Nanos: 250000000}
	return p
}

func retrying() *pb.Progress {
	p := base()
	p.State, p.Version, p.Attempt, p.Failures = pb.Job_STATE_QUEUED, 3, 1, 1
	p.Priority, p.RetryOf = pb.Priority_PRIORITY_LOW, "job_ffffffffffffffffffffffffffffffff"
	p.RetryTime = &timestamppb.Timestamp{Seconds: 1762000004}
	p.Reason, p.ErrorMessage = "MODEL_UNREACHABLE", "The model server does not answer."
	p.Numbers = &pb.JobNumbers{Percent: 25, CurrentTokens: 150, TokensEstimated: true, ElapsedMs: 12000, AnswerBytes: 600}
	return p
}

func completed() *pb.Progress {
	p := base()
	p.State, p.Version, p.Attempt = pb.Job_STATE_COMPLETED, 3, 1
	p.StartTime, p.EndTime = &timestamppb.Timestamp{Seconds: 1761999975}, &timestamppb.Timestamp{Seconds: 1762000000}
	p.Numbers = &pb.JobNumbers{
		Percent: 100, CurrentTokens: 298, TokensPerSecond: 14.2857, ElapsedMs: 24310, PromptTokens: proto.Uint32(26),
		CompletionTokens: proto.Uint32(298), TotalTokens: proto.Uint32(324), FirstTokenMs: proto.Uint32(840),
		AnswerBytes: 1192, CharsPerSecond: 57.2,
	}
	return p
}

func failed() *pb.Progress {
	p := base()
	p.State, p.Version, p.Attempt, p.Failures = pb.Job_STATE_FAILED, 4, 2, 2
	p.ResumeMode = pb.ResumeMode_RESUME_MODE_RESTARTED
	p.Reason, p.ErrorMessage, p.RetriedAs = "OUT_OF_MEMORY", "The model ran out of memory.", "job_ffffffffffffffffffffffffffffffff"
	p.Numbers = &pb.JobNumbers{TokensEstimated: true}
	return p
}

func cancelled() *pb.Progress {
	p := base()
	p.State, p.Version, p.Attempt = pb.Job_STATE_CANCELLED, 4, 1
	p.ResumeMode = pb.ResumeMode_RESUME_MODE_CONTINUED
	p.Numbers = &pb.JobNumbers{TokensEstimated: true}
	return p
}

// framesOf applies updates to a new value and returns what a viewer at a place is given.
func framesOf(t *testing.T, a ask, at place, updates ...*pb.JobUpdate) []byte {
	t.Helper()
	v := newValue(jobA)
	for _, u := range updates {
		if _, err := v.apply(u); err != nil {
			t.Fatal(err)
		}
	}
	return v.step(at, a).frames
}

var withoutText = place{offsets: [channels]int64{cursor.None, cursor.None}}

func due(p place) place { p.due = true; return p }

func live(p place) place { p.live = true; return p }

func TestEventsAreThoseOfTheGoldenFiles(t *testing.T) {
	tests := []struct {
		name     string
		at       place
		progress *pb.Progress
		terminal bool
	}{
		{"progress_queued.sse", due(withoutText), queued(), false},
		{"progress_generating.sse", due(withoutText), generating(), false},
		{"progress_retrying.sse", due(withoutText), retrying(), false},
		{"finish_completed.sse", live(due(withoutText)), completed(), true},
		{"complete.sse", due(withoutText), completed(), true},
		{"error_failed.sse", due(withoutText), failed(), true},
		{"error_cancelled.sse", due(withoutText), cancelled(), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			same(t, test.name, framesOf(t, ask{}, test.at, &pb.JobUpdate{JobId: jobA, Progress: test.progress, Terminal: test.terminal}))
		})
	}
}

func TestTextEventsAreThoseOfTheGoldenFile(t *testing.T) {
	p := generating()
	p.Sequence = 7
	at := place{textVersion: 2}
	same(t, "text.sse", framesOf(t, ask{text: true}, at, &pb.JobUpdate{
		JobId: jobA, Progress: p, Bases: []*pb.LeaseBase{{Version: 2}},
		Pieces: []*pb.TextPiece{
			{Channel: pb.Channel_CHANNEL_THINKING, Text: "Let me see…"},
			{Channel: pb.Channel_CHANNEL_ANSWER, Text: "\"Blue\\light\"\r\n\nevent: complete\tnaïve 🌍\u2028\x00"},
		},
	}))
}

func TestResetEventsAreThoseOfTheGoldenFile(t *testing.T) {
	p := generating()
	p.Version, p.Sequence, p.Attempt = 4, 0, 2
	at := place{textVersion: 2, offsets: [channels]int64{41, 14}}
	same(t, "reset.sse", framesOf(t, ask{text: true}, at, &pb.JobUpdate{
		JobId: jobA, Progress: p, Bases: []*pb.LeaseBase{{Version: 2}, {Version: 4, Answer: 4}},
		Pieces: []*pb.TextPiece{{Channel: pb.Channel_CHANNEL_ANSWER, Text: "Blue"}},
	}))
}

func TestEventsWithoutAJobAreThoseOfTheGoldenFiles(t *testing.T) {
	same(t, "error_not_found.sse", unwatchable(jobA, messageNotFound, false).frames)
	same(t, "timeout.sse", AppendFrame(nil, "", wire.EventTimeout, []byte(wire.Timeout)))
}

func TestTheStatusIsThatOfTheGoldenFiles(t *testing.T) {
	spec := &pb.JobSpec{Prompt: "Why is the sky blue?"}
	same(t, "status_completed.json", wire.AppendStatus(nil, completed(), spec, "c1.5d26f1fa509ba1f9.3.0.0.-.-.e", true))
	same(t, "status_queued.json", wire.AppendStatus(nil, queued(), spec, "c1.5d26f1fa509ba1f9.1.0.0.-.-", true))
	same(t, "status_not_found.json", []byte(wire.NotFound))
}

func TestTheAnswerToASubmitIsThatOfTheGoldenFile(t *testing.T) {
	job := &pb.Job{JobId: jobA, State: pb.Job_STATE_QUEUED, Spec: &pb.JobSpec{Model: "llama3.1:8b"}}
	same(t, "accepted.json", wire.AppendAccepted(nil, job, false))
}
