package fakes

import (
	"fmt"
	"unicode/utf8"

	"genwatch/http_bridge/internal/cursor"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

const pieceBytes = 16 << 10

// update is what a follower lacks; nil if nothing.
func (f *follower) update(job *Job, text bool) *pb.JobUpdate {
	u := &pb.JobUpdate{JobId: f.jobID}
	p := job.Progress
	queue := fmt.Sprint(p.QueuePosition, p.QueueSize, p.ExpectedWaitMs, p.Held, p.Priority)
	if f.first || p.Version > f.at.Version || (p.Version == f.at.Version && p.Sequence > f.at.Sequence) || queue != f.queue {
		u.Progress = snapshot(job)
		f.at.Version, f.at.Sequence = p.Version, p.Sequence
		f.queue = queue
	}
	if f.first || f.bases < len(job.Bases) {
		u.Bases = append(u.Bases, job.Bases...)
		f.bases = len(job.Bases)
	}
	if text {
		f.at.Answer = f.texts(u, pb.Channel_CHANNEL_ANSWER, f.at.Answer, job.Answer, basesOf(job, (*pb.LeaseBase).GetAnswer))
		f.at.Thinking = f.texts(u, pb.Channel_CHANNEL_THINKING, f.at.Thinking, job.Thinking, basesOf(job, (*pb.LeaseBase).GetThinking))
		if n := len(job.Bases); n > 0 {
			f.at.TextVersion = job.Bases[n-1].GetVersion()
		}
	}
	u.Terminal = job.Terminal
	if !f.first && u.Progress == nil && len(u.Resets) == 0 && len(u.Pieces) == 0 && len(u.Bases) == 0 && !u.Terminal {
		return nil
	}
	f.first = false
	f.at.Terminal = job.Terminal
	u.Cursor = f.at.String()
	return u
}

func basesOf(job *Job, get func(*pb.LeaseBase) uint32) (bases []cursor.Base) {
	for _, base := range job.Bases {
		bases = append(bases, cursor.Base{Version: base.GetVersion(), Bytes: int64(get(base))})
	}
	return bases
}

func (f *follower) texts(u *pb.JobUpdate, channel pb.Channel, offset int64, text string, bases []cursor.Base) int64 {
	offset = max(0, offset)
	standing := cursor.Standing(offset, f.at.TextVersion, bases)
	if standing < offset {
		reason := "CONTINUED"
		if standing == 0 {
			reason = "RESTARTED"
		}
		u.Resets = append(u.Resets, &pb.TextReset{Channel: channel, Offset: uint32(standing), Reason: reason})
		offset = standing
	}
	for offset < int64(len(text)) {
		end := min(int64(len(text)), offset+pieceBytes)
		for end < int64(len(text)) && !utf8.RuneStart(text[end]) {
			end--
		}
		u.Pieces = append(u.Pieces, &pb.TextPiece{Channel: channel, Offset: uint32(offset), Text: text[offset:end]})
		offset = end
	}
	return offset
}
