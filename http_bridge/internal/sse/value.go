package sse

import (
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/wire"
)

// errGap: the upstream sent text that does not follow what is held.
var errGap = errors.New("a piece of text is missing")

const (
	answer   = 0
	thinking = 1
	channels = 2
)

// Reasons of a reset.
const (
	reasonRestarted     = "RESTARTED"
	reasonContinued     = "CONTINUED"
	reasonCursorInvalid = "CURSOR_INVALID"
)

// value is what can be watched of one job: the newest snapshot of numbers, and two texts that only
// grow, but for leases that keep only part of them. Pure; not thread-safe.
type value struct {
	jobID string
	hash  uint64

	// Nil until the first snapshot.
	progress *pb.Progress
	// Raised each time `progress` is replaced.
	shown uint64

	texts [channels][]byte
	// Of all leases whose bases are final, by version.
	bases [channels][]cursor.Base
	// What was taken back without such a lease, in order: the end of an attempt that stored less than
	// was shown.
	cuts []cut
	// Raised when held text turned out to be wrong: no offset of before stands.
	epoch uint32

	// Everything about the job has been said, and is here.
	terminal bool
}

// cut says that a text was shortened.
type cut struct {
	channel int
	bytes   int64
	// Who was given this version has been given the cut.
	version uint32
}

func newValue(jobID string) value {
	return value{jobID: jobID, hash: cursor.Hash(jobID)}
}

// textVersion is the version of the last lease, 0 before the first.
func (v *value) textVersion() uint32 {
	if len(v.bases[answer]) == 0 {
		return 0
	}
	return v.bases[answer][len(v.bases[answer])-1].Version
}

// held is where the value itself stands as a watcher of the service.
func (v *value) held() cursor.Cursor {
	return cursor.Cursor{
		Hash: v.hash, Version: v.progress.GetVersion(), Sequence: v.progress.GetSequence(),
		TextVersion: v.textVersion(), Answer: int64(len(v.texts[answer])), Thinking: int64(len(v.texts[thinking])),
	}
}

// bytes is what the value keeps in memory of texts.
func (v *value) bytes() int { return len(v.texts[answer]) + len(v.texts[thinking]) }

// apply takes in an update; false if it changed nothing. errGap if it does not follow: then the
// watch has to be opened anew from held().
func (v *value) apply(u *pb.JobUpdate) (changed bool, err error) {
	if v.disproved(u) {
		v.forget()
		changed = true
	}
	changed = v.applyBases(u.GetBases()) || changed
	version := max(v.progress.GetVersion(), u.GetProgress().GetVersion())
	for _, reset := range u.GetResets() {
		changed = v.applyReset(reset, version) || changed
	}
	for _, piece := range u.GetPieces() {
		grown, err := v.applyPiece(piece)
		if err != nil {
			return changed, err
		}
		changed = changed || grown
	}
	changed = v.applyProgress(u.GetProgress()) || changed
	if u.GetTerminal() && !v.terminal && v.progress != nil {
		v.terminal = true
		changed = true
	}
	return changed, nil
}

// disproved tells that the service refuses what is held, and starts over.
func (v *value) disproved(u *pb.JobUpdate) bool {
	return u.GetProgress() != nil && slices.ContainsFunc(u.GetResets(), func(r *pb.TextReset) bool {
		return r.GetReason() == reasonCursorInvalid
	})
}

func (v *value) forget() {
	v.progress = nil
	v.texts = [channels][]byte{}
	v.bases = [channels][]cursor.Base{}
	v.cuts = nil
	v.epoch++
}

func (v *value) applyBases(bases []*pb.LeaseBase) (changed bool) {
	before := v.textVersion()
	for _, base := range bases {
		at, known := slices.BinarySearchFunc(v.bases[answer], base.GetVersion(), func(b cursor.Base, version uint32) int {
			return int(int64(b.Version) - int64(version))
		})
		if known {
			continue
		}
		changed = true
		v.bases[answer] = slices.Insert(v.bases[answer], at, cursor.Base{Version: base.GetVersion(), Bytes: int64(base.GetAnswer())})
		v.bases[thinking] = slices.Insert(v.bases[thinking], at, cursor.Base{Version: base.GetVersion(), Bytes: int64(base.GetThinking())})
	}
	if !changed {
		return false
	}
	for c := range v.texts {
		v.texts[c] = v.texts[c][:cursor.Standing(int64(len(v.texts[c])), before, v.bases[c])]
	}
	return true
}

// applyReset drops text that no lease's base had dropped already.
func (v *value) applyReset(reset *pb.TextReset, version uint32) (changed bool) {
	c, ok := channelIndex(reset.GetChannel())
	if !ok || int(reset.GetOffset()) >= len(v.texts[c]) {
		return false
	}
	v.texts[c] = v.texts[c][:reset.GetOffset()]
	if reset.GetReason() == reasonCursorInvalid {
		v.epoch++
	} else {
		v.cuts = append(v.cuts, cut{channel: c, bytes: int64(reset.GetOffset()), version: version})
	}
	return true
}

func (v *value) applyPiece(piece *pb.TextPiece) (grown bool, err error) {
	c, ok := channelIndex(piece.GetChannel())
	if !ok {
		return false, nil
	}
	overlap := len(v.texts[c]) - int(piece.GetOffset())
	if overlap < 0 {
		return false, errGap
	}
	if overlap >= len(piece.GetText()) {
		return false, nil
	}
	v.texts[c] = append(v.texts[c], piece.GetText()[overlap:]...)
	return true, nil
}

// applyProgress drops what is older than the snapshot held. At equal order only what the ledger
// says about the queue is taken over, which changes without a new order.
func (v *value) applyProgress(p *pb.Progress) (changed bool) {
	if p == nil {
		return false
	}
	if p.GetServerTime() == nil {
		p.ServerTime = timestamppb.Now()
	}
	held := v.progress
	if held != nil {
		switch order(p, held) {
		case -1:
			return false
		case 0:
			if sameQueue(p, held) {
				return false
			}
			merged := proto.CloneOf(held)
			merged.QueuePosition, merged.QueueSize, merged.ExpectedWaitMs = p.QueuePosition, p.QueueSize, p.ExpectedWaitMs
			merged.Held, merged.Priority, merged.RetriedAs, merged.ServerTime = p.Held, p.Priority, p.RetriedAs, p.ServerTime
			merged.Reason, merged.ErrorMessage, merged.RetryTime = p.Reason, p.ErrorMessage, p.RetryTime
			p = merged
		}
	}
	v.progress = p
	v.shown++
	return true
}

func order(a, b *pb.Progress) int {
	switch {
	case a.GetVersion() != b.GetVersion():
		if a.GetVersion() < b.GetVersion() {
			return -1
		}
		return 1
	case a.GetSequence() < b.GetSequence():
		return -1
	case a.GetSequence() > b.GetSequence():
		return 1
	default:
		return 0
	}
}

func sameQueue(a, b *pb.Progress) bool {
	return a.GetQueuePosition() == b.GetQueuePosition() && a.GetQueueSize() == b.GetQueueSize() &&
		a.GetExpectedWaitMs() == b.GetExpectedWaitMs() && (a.ExpectedWaitMs == nil) == (b.ExpectedWaitMs == nil) &&
		a.GetHeld() == b.GetHeld() && a.GetPriority() == b.GetPriority() && a.GetRetriedAs() == b.GetRetriedAs() &&
		a.GetReason() == b.GetReason() && a.GetErrorMessage() == b.GetErrorMessage() && proto.Equal(a.GetRetryTime(), b.GetRetryTime())
}

func channelIndex(c pb.Channel) (index int, ok bool) {
	switch c {
	case pb.Channel_CHANNEL_ANSWER:
		return answer, true
	case pb.Channel_CHANNEL_THINKING:
		return thinking, true
	default:
		return 0, false
	}
}

func channelOf(index int) pb.Channel {
	if index == thinking {
		return pb.Channel_CHANNEL_THINKING
	}
	return pb.Channel_CHANNEL_ANSWER
}

// cutsOf is how many of the cuts a watcher has been given whose newest snapshot has that version.
func (v *value) cutsOf(version uint32) int {
	for i, c := range v.cuts {
		if c.version > version {
			return i
		}
	}
	return len(v.cuts)
}

// settled tells that the texts are all there is, and nothing more comes before a new version.
func (v *value) settled() bool {
	if v.terminal {
		return true
	}
	n := v.progress.GetNumbers()
	return v.progress.GetState() != pb.Job_STATE_PROCESSING && len(v.texts[answer]) == int(n.GetAnswerBytes()) &&
		len(v.texts[thinking]) == int(n.GetThinkingBytes())
}

// hasLease tells whether a text version is one of a lease; 0 is before the first.
func (v *value) hasLease(textVersion uint32) bool {
	return textVersion == 0 || slices.ContainsFunc(v.bases[answer], func(b cursor.Base) bool { return b.Version == textVersion })
}

// ended tells that the newest snapshot is one of an ended job. It is shown only when `terminal`:
// until then text may be missing.
func (v *value) ended() bool { return wire.Terminal(v.progress.GetState()) }
