package sse

import (
	"math/rand/v2"
	"strings"
	"testing"

	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// ledger is the truth of a random history, and tells it as progress_service does: bases only when
// they are final, and a stored length with each state of a job that does not run.
type ledger struct {
	version, sequence uint32
	running           bool
	texts             [channels]string
	// Of the present lease; not final before its first text, and until then it may be lowered.
	base   [channels]int
	bases  []*pb.LeaseBase
	stored [channels]int
}

func (l *ledger) advance(random *rand.Rand) {
	switch {
	case !l.running:
		l.version += uint32(1 + random.IntN(2))
		l.sequence = 0
		l.running = true
		for c := range l.texts {
			l.base[c] = len(l.texts[c])
		}
		l.bases = append(l.bases, &pb.LeaseBase{Version: l.version, Answer: uint32(l.base[answer]), Thinking: uint32(l.base[thinking])})
	case random.IntN(12) == 0:
		l.stop(random)
	case !l.final() && random.IntN(4) == 0: // the model can't continue
		last := l.bases[len(l.bases)-1]
		kept := [channels]*uint32{&last.Answer, &last.Thinking}
		lowered := &pb.LeaseBase{Version: last.Version}
		for c := range l.texts {
			l.base[c] = random.IntN(l.base[c] + 1)
			if random.IntN(2) == 0 {
				l.base[c] = 0
			}
			l.texts[c] = l.texts[c][:l.base[c]]
			*kept[c] = uint32(l.base[c])
		}
		lowered.Answer, lowered.Thinking = last.Answer, last.Thinking
		l.bases[len(l.bases)-1] = lowered
		l.sequence++
	default:
		l.sequence++
		c := random.IntN(channels)
		l.texts[c] += strings.Repeat(string(rune('a'+random.IntN(26))), 1+random.IntN(4))
	}
}

// stop ends the attempt; maybe less is stored than was shown.
func (l *ledger) stop(random *rand.Rand) {
	l.version++
	l.sequence = 0
	l.running = false
	for c := range l.texts {
		if random.IntN(2) == 0 {
			l.texts[c] = l.texts[c][:l.base[c]+random.IntN(len(l.texts[c])-l.base[c]+1)]
		}
		l.stored[c] = len(l.texts[c])
	}
}

// final tells that the base of the last lease can't change any more.
func (l *ledger) final() bool {
	if !l.running || l.base == [channels]int{} {
		return true
	}
	for c := range l.texts {
		if len(l.texts[c]) > l.base[c] {
			return true
		}
	}
	return false
}

// since is what a service tells a watcher with that cursor.
func (l *ledger) since(from cursor.Cursor) *pb.JobUpdate {
	p := base()
	p.State, p.Version, p.Sequence = pb.Job_STATE_PAUSED, l.version, l.sequence
	if l.running {
		p.State = pb.Job_STATE_PROCESSING
	}
	p.Numbers = &pb.JobNumbers{AnswerBytes: uint32(len(l.texts[answer])), ThinkingBytes: uint32(len(l.texts[thinking]))}
	u := &pb.JobUpdate{JobId: jobA, Progress: p}
	for i, b := range l.bases {
		if i < len(l.bases)-1 || l.final() {
			u.Bases = append(u.Bases, &pb.LeaseBase{Version: b.Version, Answer: b.Answer, Thinking: b.Thinking})
		}
	}
	offsets := [channels]int64{from.Answer, from.Thinking}
	for c, offset := range offsets {
		var bases []cursor.Base
		for _, b := range l.bases {
			bases = append(bases, cursor.Base{Version: b.Version, Bytes: int64([channels]uint32{b.Answer, b.Thinking}[c])})
		}
		standing := cursor.Standing(offset, from.TextVersion, bases)
		if !l.running {
			standing = min(standing, int64(l.stored[c]))
		}
		if standing < offset {
			reason := reasonContinued
			if standing == 0 {
				reason = reasonRestarted
			}
			u.Resets = append(u.Resets, &pb.TextReset{Channel: channelOf(c), Offset: uint32(standing), Reason: reason})
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
	w.at.version, w.at.cuts = from.Version, v.cutsOf(from.Version)
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

// However leases, ends of attempts, texts, lost connections upstream and downstream interleave, every client shows
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
		restart := func() { // of the bridge
			v, told = newValue(jobA), cursor.Start(jobA, true)
			hear()
			for _, w := range watchers {
				w.reconnect(t, &v)
			}
		}
		for range 200 {
			truth.advance(random)
			switch random.IntN(4) {
			case 0:
				hear()
			case 1: // all of it was heard again
				told = cursor.Start(jobA, true)
				hear()
			}
			if random.IntN(40) == 0 {
				restart()
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
		if seed%2 == 0 && truth.running {
			truth.stop(random)
			restart()
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
