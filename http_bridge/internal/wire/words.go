package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// State is the true state in lower case; "unknown" for one that this build does not know.
func State(state pb.Job_State) string {
	switch state {
	case pb.Job_STATE_QUEUED:
		return "queued"
	case pb.Job_STATE_PROCESSING:
		return "processing"
	case pb.Job_STATE_PAUSED:
		return "paused"
	case pb.Job_STATE_COMPLETED:
		return "completed"
	case pb.Job_STATE_FAILED:
		return "failed"
	case pb.Job_STATE_CANCELLED:
		return "cancelled"
	case pb.Job_STATE_EXPIRED:
		return "expired"
	default:
		return "unknown"
	}
}

// Status maps a state to one of the four that clients of the first system know.
func Status(state pb.Job_State) string {
	switch state {
	case pb.Job_STATE_PROCESSING:
		return "processing"
	case pb.Job_STATE_COMPLETED:
		return "completed"
	case pb.Job_STATE_FAILED, pb.Job_STATE_CANCELLED, pb.Job_STATE_EXPIRED:
		return "failed"
	default:
		return "queued"
	}
}

// Terminal tells whether a job in this state has ended.
func Terminal(state pb.Job_State) bool {
	switch state {
	case pb.Job_STATE_COMPLETED, pb.Job_STATE_FAILED, pb.Job_STATE_CANCELLED, pb.Job_STATE_EXPIRED:
		return true
	default:
		return false
	}
}

// phase is "" while no worker has the job.
func phase(p pb.Phase) string {
	switch p {
	case pb.Phase_PHASE_LOADING:
		return "loading"
	case pb.Phase_PHASE_PROMPT:
		return "prompt"
	case pb.Phase_PHASE_THINKING:
		return "thinking"
	case pb.Phase_PHASE_GENERATING:
		return "generating"
	case pb.Phase_PHASE_FINALIZING:
		return "finalizing"
	default:
		return ""
	}
}

func priority(p pb.Priority) string {
	switch p {
	case pb.Priority_PRIORITY_LOW:
		return "low"
	case pb.Priority_PRIORITY_HIGH:
		return "high"
	default:
		return "normal"
	}
}

// Channel is the name of a text.
func Channel(c pb.Channel) string {
	if c == pb.Channel_CHANNEL_THINKING {
		return "thinking"
	}
	return "answer"
}

// failure is what an ended job's `error` event says when the service gave no sentence.
func failure(state pb.Job_State) string {
	switch state {
	case pb.Job_STATE_CANCELLED:
		return "Generation cancelled"
	case pb.Job_STATE_EXPIRED:
		return "Generation expired while waiting"
	default:
		return "Generation failed"
	}
}

// rfc3339 has milliseconds and is in UTC; "" for no time.
func rfc3339(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// datetime is the first system's: MySQL's text, in UTC, without a zone; "" for no time.
func datetime(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.DateTime)
}

// resumeMode is empty for an attempt that had no text to go on from.
func resumeMode(mode pb.ResumeMode) string {
	switch mode {
	case pb.ResumeMode_RESUME_MODE_CONTINUED:
		return "continued"
	case pb.ResumeMode_RESUME_MODE_RESTARTED:
		return "restarted"
	default:
		return ""
	}
}
