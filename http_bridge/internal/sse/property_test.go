package sse

import (
	"math/rand/v2"
	"strings"
	"testing"

	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// ledger is the truth of a random history.
type ledger struct {
	version, sequence uint32
	texts             [channels]string
	bases             []*pb.LeaseBase
}

func (l *ledger) advance(random *rand.Rand) {
	if l.version == 0 || random.IntN(8) == 0 { // a new lease, after the end of the one before
		l.version += uint32(1 + random.IntN(2))
		l.sequence = 0
		base := &pb.LeaseBase{Version: l.version}
		kept := [channels]*uint32{&base.Answer, &base.Thinking}
		for c := range l.texts {
			keep := len(l.texts[c])
			if random.IntN(2) == 0 {
				keep = random.IntN(keep + 1)
			}
			l.texts[c] = l.texts[c][:keep]
			*kept[c] = uint32(keep)
		}
		l.bases = append(l.bases, base)
		return
	}
	l.sequence++
	c := random.IntN(channels)
	l.texts[c] += strings.Repeat(string(rune('a'+random.IntN(26))), random.IntN(4))
}

// since is what a service tells a watcher with that cursor.
func (l *ledger) since(from cursor.Cursor) *pb.JobUpdate {
	p := base()
	p.State, p.Version, p.Sequence = pb.Job_STATE_PROCESSING, l.version, l.sequence
	u := &pb.JobUpdate{JobId: jobA, Progress: p, Bases: l.bases}
	offsets := [channels]int64{from.Answer, from.Thinking}
	for c, offset := range offsets {
		var bases []cursor.Base
		for _, b := range l.bases {
			bases = append(bases, cursor.Base{Version: b.Version, Bytes: int64([channels]uint32{b.Answer, b.Thinking}[c])})
		}
		standing := cursor.Standing(offset, from.TextVersion, bases)
		if standing < offset {
			u.Resets = append(u.Resets, &pb.TextReset{Channel: channelOf(c), Offset: uint32(standing), Reason: reasonContinued})
		}
		if standing < int64(len(l.texts[c])) {
			u.Pieces = append(u.Pieces, &pb.TextPiece{Channel: channelOf(c), Offset: uint32(standing), Text: l.texts[c][standing:]})
		}
	}
	return u
}

// watcher is a client: what it shows, and the id of its last whole event.
type watcher struct {
	at     place
	shown  fakes.Texts
	lastID string
}

func (w *watcher) reconnect(t *testing.T, v *value) {
	w.at = place{due: true, epoch: v.epoch}
	if w.lastID == "" {
		w.shown = fakes.Texts{}
		return
	}
	from, err := cursor.Parse(w.lastID)
	if err != nil {
		t.Fatalf("our own id %q: %v", w.lastID, err)
	}
	w.at.textVersion, w.at.offsets = from.TextVersion, [channels]int64{from.Answer, from.Thinking}
}

// take receives a step, of which the connection may lose everything after some event.
func (w *watcher) take(t *testing.T, v *value, random *rand.Rand) {
	s := v.step(w.at, ask{text: true})
	w.at = s.next
	events := parseFrames(t, s.frames)
	lost := random.IntN(4) == 0 && len(events) > 0
	if lost {
		events = events[:random.IntN(len(events))]
	}
	for _, e := range events {
		w.shown.Apply(t, e)
		if e.ID != "" {
			w.lastID = e.ID
		}
	}
	if lost {
		w.reconnect(t, v)
	}
}

func parseFrames(t *testing.T, frames []byte) (events []fakes.Event) {
	t.Helper()
	for frame := range strings.SplitSeq(strings.TrimSuffix(string(frames), "\n\n"), "\n\n") {
		var e fakes.Event
		for line := range strings.SplitSeq(frame, "\n") {
			field, value, _ := strings.Cut(line, ": ")
			switch field {
			case "id":
				e.ID = value
			case "event":
				e.Event = value
			case "data":
				e.Data += value
			}
		}
		if e.Event != "" {
			events = append(events, e)
		}
	}
	return events
}

// However leases, texts, lost connections upstream and downstream interleave, every client shows
// the ledger's text in the end, and was never given a byte twice or with a gap (Texts checks that).
func TestEveryViewerEndsWithTheText(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 7))
		truth := &ledger{}
		v := newValue(jobA)
		var told cursor.Cursor // how far the upstream watch has got
		watchers := make([]*watcher, 5)
		for i := range watchers {
			watchers[i] = &watcher{at: place{due: true}, shown: fakes.Texts{}}
		}
		hear := func() {
			apply(t, &v, truth.since(told))
			told = v.held()
		}
		for range 200 {
			truth.advance(random)
			switch random.IntN(4) {
			case 0:
				hear()
			case 1: // a repeat of what was heard, as after a lost connection upstream
				told = cursor.Start(jobA, true)
				hear()
			}
			if v.progress == nil {
				continue
			}
			w := watchers[random.IntN(len(watchers))]
			w.at.due = random.IntN(2) == 0
			w.take(t, &v, random)
			if random.IntN(20) == 0 {
				w.reconnect(t, &v)
			}
		}
		hear()
		for i, w := range watchers {
			for {
				s := v.step(w.at, ask{text: true})
				if len(s.frames) == 0 {
					break
				}
				for _, e := range parseFrames(t, s.frames) {
					w.shown.Apply(t, e)
				}
				w.at = s.next
			}
			if w.shown["answer"] != truth.texts[answer] || w.shown["thinking"] != truth.texts[thinking] {
				t.Fatalf("seed %d, watcher %d shows %v, the ledger has %q", seed, i, w.shown, truth.texts)
			}
		}
	}
}
