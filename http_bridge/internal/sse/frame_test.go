package sse

import (
	"strings"
	"testing"
)

func TestNoDataCanEndAFrameOrStartAnother(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"plain", "a", "data: a\n\n"},
		{"empty", "", "data: \n\n"},
		{"line feed", "a\nevent: complete\n\ndata: b", "data: a\ndata: event: complete\ndata: \ndata: data: b\n\n"},
		{"carriage return", "a\rid: 1\r\rb", "data: a\ndata: id: 1\ndata: \ndata: b\n\n"},
		{"both", "a\r\nb\r\n", "data: a\ndata: b\ndata: \n\n"},
		{"other separators stay", "a\u2028b\u0085c", "data: a\u2028b\u0085c\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(AppendFrame(nil, "", "", []byte(test.data))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestIDAndEventAreCutAtALineEnd(t *testing.T) {
	got := string(AppendFrame(nil, "1\nevent: x", "progress\r\ndata: y", []byte("z")))
	if want := "id: 1\nevent: progress\ndata: z\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzAFrameIsOneEventWithItsData(f *testing.F) {
	f.Add("a\r\n\rb\n\n: c")
	f.Add("event: error\ndata: {}\n\n")
	f.Fuzz(func(t *testing.T, data string) {
		frame := string(AppendFrame(nil, "i", "e", []byte(data)))
		body, ok := strings.CutSuffix(frame, "\n\n")
		lines := strings.Split(body, "\n")
		if !ok || len(lines) < 3 || lines[0] != "id: i" || lines[1] != "event: e" {
			t.Fatalf("frame %q", frame)
		}
		var got []string
		for _, line := range lines[2:] {
			value, ok := strings.CutPrefix(line, "data: ")
			if !ok || strings.Contains(value, "\r") {
				t.Fatalf("line %q of frame %q", line, frame)
			}
			got = append(got, value)
		}
		want := strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n")
		if strings.Join(got, "\n") != want {
			t.Fatalf("data %q came out as %q", want, got)
		}
	})
}
