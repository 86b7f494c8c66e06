package wire

import (
	"encoding/json"
	"math"
	"testing"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

func TestFloatsAreRoundedToTwoDecimalsAndAlwaysLookLikeFloats(t *testing.T) {
	tests := map[float64]string{
		0: "0.0", 12: "12.0", 12.5: "12.5", 12.345: "12.35", 0.004: "0.0", -0.001: "0.0", 1e6: "1000000.0", 1.0 / 3: "0.33",
		math.NaN(): "0.0", math.Inf(1): "0.0",
	}
	for value, want := range tests {
		o := open(nil)
		o.float("x", value)
		if got := string(o.close()); got != `{"x":`+want+`}` {
			t.Errorf("%v: %s, want %s", value, got, want)
		}
	}
}

func TestPercentIsHundredOnlyWhenTheResultIsStored(t *testing.T) {
	tests := []struct {
		percent float64
		state   pb.Job_State
		want    int64
	}{
		{0, pb.Job_STATE_QUEUED, 0}, {24.5, pb.Job_STATE_PROCESSING, 25}, {99.7, pb.Job_STATE_PROCESSING, 99}, {100, pb.Job_STATE_FAILED, 99},
		{100, pb.Job_STATE_COMPLETED, 100}, {73, pb.Job_STATE_COMPLETED, 100}, {-3, pb.Job_STATE_QUEUED, 0}, {math.NaN(), pb.Job_STATE_QUEUED, 0},
	}
	for _, test := range tests {
		p := &pb.Progress{State: test.state, Numbers: &pb.JobNumbers{Percent: test.percent}}
		if got := percent(p); got != test.want {
			t.Errorf("%v in %v: %d, want %d", test.percent, test.state, got, test.want)
		}
	}
}

func TestNewStatesMapToTheFourThatOldClientsKnow(t *testing.T) {
	for number := range pb.Job_State_name {
		state := pb.Job_State(number)
		switch status := Status(state); status {
		case "queued", "processing", "completed", "failed":
			if Terminal(state) != (status == "completed" || status == "failed") {
				t.Errorf("%v is shown as %s", state, status)
			}
		default:
			t.Errorf("%v is shown as %q", state, status)
		}
		if number != 0 && State(state) == "unknown" {
			t.Errorf("%v has no word", state)
		}
	}
	if Status(99) != "queued" || State(99) != "unknown" || Terminal(99) {
		t.Error("a state of the future ends a job")
	}
}

func TestAnEmptySnapshotIsEncodedWithoutAFault(t *testing.T) {
	for _, data := range [][]byte{AppendProgress(nil, &pb.Progress{}, ""), AppendComplete(nil, &pb.Progress{}, ""), AppendError(nil, &pb.Progress{}, ""),
		AppendStatus(nil, &pb.Progress{}, nil, "", true), AppendAccepted(nil, nil, false)} {
		if !json.Valid(data) {
			t.Errorf("not JSON: %s", data)
		}
	}
}

func TestTheLastMessageOfAConversationStandsForItsPrompt(t *testing.T) {
	spec := &pb.JobSpec{Messages: []*pb.ChatMessage{{Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}, {Role: "user", Content: "c"}}}
	if got := prompt(spec); got != "c" {
		t.Errorf("%q", got)
	}
}

func FuzzStringsSurviveJSON(f *testing.F) {
	f.Add("a\"\\\x00\u2028é🌍\xff")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := AppendString(nil, s)
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%v: %s", err, quoted)
		}
		if want := string([]rune(s)); got != want {
			t.Fatalf("%q came out as %q", want, got)
		}
		for _, c := range quoted {
			if c == '\n' || c == '\r' {
				t.Fatalf("a raw line end in %q", quoted)
			}
		}
	})
}
