package sse

import (
	"unicode/utf8"

	"genwatch/http_bridge/internal/cursor"
	"genwatch/http_bridge/internal/wire"
)

const (
	// Most bytes of text in one event, and in one step: a viewer far behind gets several steps, so
	// that what is encoded for it at once stays small.
	maxPieceBytes = 16 << 10
	maxStepBytes  = 64 << 10
)

// ask is what a viewer wants to see.
type ask struct {
	text bool
	// One of several jobs on a connection: the cursor stands in each payload, and frames have no id.
	many bool
}

// place is where a viewer stands. Only viewers equal in it (and in what they ask) share frames.
type place struct {
	epoch uint32
	// Of the newest snapshot given, and how many of the value's cuts were.
	version uint32
	cuts    int
	// Of the last lease whose base was given.
	textVersion uint32
	// Bytes given of each text; cursor.None without text.
	offsets [channels]int64
	// The cursor that the viewer came with is not usable.
	invalid bool
	// The newest snapshot has not been given.
	due bool
	// A snapshot of the running job was given, so that its end is news to the viewer.
	live bool
}

// step is what a viewer at a place is given, and where it stands then.
type step struct {
	parcel
	events int
	next   place
	// There is more, which the next step gives.
	more bool
	// Nothing will follow.
	ended bool
}

// stepper encodes the frames of one step.
type stepper struct {
	*value
	ask
	at  place
	out step
	// Of the frames, and of the data of one.
	buffer, data []byte
}

// step tells what a viewer at `at` lacks: the numbers, resets, text, and last the terminal event.
// Empty frames: nothing.
func (v *value) step(at place, a ask) step {
	s := stepper{value: v, ask: a, at: at}
	if v.progress == nil {
		return step{next: at}
	}
	if s.at.due && !v.ended() {
		s.progress()
		s.at.due = false
		s.at.live = true
	}
	caughtUp := true
	if a.text {
		s.resets()
		caughtUp = s.pieces()
	}
	if v.terminal && caughtUp {
		if s.at.live {
			s.progress()
		}
		s.end()
		s.out.ended = true
	}
	s.out.next = s.at
	s.out.more = !caughtUp
	s.out.parcel = seal(s.buffer)
	return s.out
}

func (s *stepper) cursor() cursor.Cursor {
	return cursor.Cursor{
		Hash: s.hash, Version: s.value.progress.GetVersion(), Sequence: s.value.progress.GetSequence(),
		TextVersion: s.at.textVersion, Answer: s.at.offsets[answer], Thinking: s.at.offsets[thinking],
	}
}

// frame appends an event; id may be "".
func (s *stepper) frame(id, event string) {
	if s.many {
		id = ""
	}
	if s.buffer == nil {
		s.buffer = pack()
	}
	s.buffer = AppendFrame(s.buffer, id, event, s.data)
	s.out.events++
}

func (s *stepper) progress() {
	id := s.cursor().String()
	s.data = wire.AppendProgress(s.data[:0], s.value.progress, id)
	s.frame(id, wire.EventProgress)
}

func (s *stepper) end() {
	last := s.cursor()
	last.Terminal = true
	id := last.String()
	if wire.Status(s.value.progress.GetState()) == "completed" {
		s.data = wire.AppendComplete(s.data[:0], s.value.progress, id)
		s.frame(id, wire.EventComplete)
	} else {
		s.data = wire.AppendError(s.data[:0], s.value.progress, id)
		s.frame(id, wire.EventError)
	}
}

// resets takes back what does not stand any more.
func (s *stepper) resets() {
	var to [channels]int64
	var reason [channels]string // "": nothing to take back
	last := -1
	for c, offset := range s.at.offsets {
		to[c], reason[c] = s.standing(c, offset)
		if reason[c] != "" {
			last = c
		}
	}
	s.at.invalid = false
	s.at.epoch = s.epoch
	s.at.version = s.value.progress.GetVersion()
	s.at.cuts = len(s.cuts)
	s.at.textVersion = s.value.textVersion()
	s.at.offsets = to
	for c := range reason {
		if reason[c] == "" {
			continue
		}
		// Only the last reset moves the cursor: a connection that breaks between two gets both again.
		id := ""
		if c == last {
			id = s.cursor().String()
		}
		reset := wire.Reset{
			JobID: s.jobID, Attempt: s.value.progress.GetAttempt(), Channel: channelOf(c), Offset: to[c], Reason: reason[c],
		}
		s.data = wire.AppendReset(s.data[:0], reset, s.payloadCursor(id))
		s.frame(id, wire.EventReset)
	}
}

// standing is what of the viewer's text still stands, and why it is less than it holds; "" if it is
// not.
func (s *stepper) standing(channel int, offset int64) (bytes int64, reason string) {
	if s.at.invalid || (s.at.epoch != s.epoch && offset > 0) || !s.hasLease(s.at.textVersion) {
		return 0, reasonCursorInvalid
	}
	bytes = cursor.Standing(offset, s.at.textVersion, s.bases[channel])
	for _, c := range s.cuts[s.at.cuts:] {
		if c.channel == channel {
			bytes = min(bytes, c.bytes)
		}
	}
	text := s.texts[channel]
	if bytes > int64(len(text)) && s.settled() {
		if s.at.version >= s.value.progress.GetVersion() {
			return 0, reasonCursorInvalid // nobody can have been given that much
		}
		bytes = int64(len(text)) // less was stored than was shown
	}
	if bytes < int64(len(text)) && !utf8.RuneStart(text[bytes]) {
		return 0, reasonCursorInvalid // inside of a character
	}
	switch {
	case bytes == offset:
		return bytes, ""
	case bytes == 0:
		return bytes, reasonRestarted
	default:
		return bytes, reasonContinued
	}
}

// pieces gives the texts from the viewer's offsets on; false if something is left.
func (s *stepper) pieces() (caughtUp bool) {
	budget := maxStepBytes
	for _, c := range [...]int{thinking, answer} {
		for s.at.offsets[c] < int64(len(s.texts[c])) {
			if budget < utf8.UTFMax {
				return false
			}
			piece := firstBytes(s.texts[c][s.at.offsets[c]:], min(budget, maxPieceBytes))
			text := wire.Text{
				JobID: s.jobID, Attempt: s.value.progress.GetAttempt(), Channel: channelOf(c),
				Offset: s.at.offsets[c], Text: string(piece),
			}
			s.at.offsets[c] += int64(len(piece))
			budget -= len(piece)
			id := s.cursor().String()
			s.data = wire.AppendText(s.data[:0], text, s.payloadCursor(id))
			s.frame(id, wire.EventText)
		}
	}
	return true
}

func (s *stepper) payloadCursor(id string) string {
	if !s.many {
		return ""
	}
	return id
}

// firstBytes returns at most `limit` bytes of text, ending at a character border; `limit` has room for any
// character.
func firstBytes(text []byte, limit int) []byte {
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if end == 0 { // not UTF-8: no character is that long
		end = limit
	}
	return text[:end]
}
