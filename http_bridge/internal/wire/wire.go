// Package wire writes what browsers see about a job: the JSON of the first system's two GET routes
// and of the submit, with its keys, order and types, and ours after them. This is the only encoder;
// tests/contract/http pins its bytes.
package wire

import (
	"math"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Names of the SSE events.
const (
	EventProgress = "progress"
	EventComplete = "complete"
	EventError    = "error"
	EventTimeout  = "timeout"
	EventText     = "text"
	EventReset    = "reset"
)

// The data of the two events that know nothing of a job.
const (
	NotFound = `{"error":"Job not found"}`
	Timeout  = `{"error":"Stream timeout"}`
)

// AppendProgress appends the data of a `progress` event.
func AppendProgress(b []byte, p *pb.Progress, cursor string) []byte {
	o := open(b)
	o.string("status", Status(p.GetState()))
	numbers(&o, p)
	n := p.GetNumbers()
	o.int("content_length", int64(n.GetAnswerBytes()))
	o.float("chars_per_second", n.GetCharsPerSecond())
	o.int("timestamp", p.GetServerTime().GetSeconds())
	additional(&o, p, cursor, onEvent)
	return o.close()
}

// AppendComplete appends the data of a `complete` event, the last one of a job that has completed.
func AppendComplete(b []byte, p *pb.Progress, cursor string) []byte {
	o := open(b)
	o.string("status", "completed")
	o.int("total_tokens", totalTokens(numbersOf(p)))
	o.int("elapsed_time", int64(p.GetNumbers().GetElapsedMs()))
	additional(&o, p, cursor, onEvent)
	return o.close()
}

// AppendError appends the data of an `error` event, the last one of a job that ended otherwise.
func AppendError(b []byte, p *pb.Progress, cursor string) []byte {
	o := open(b)
	o.string("status", "failed")
	if p.GetErrorMessage() != "" {
		o.string("error", p.GetErrorMessage())
	} else {
		o.string("error", failure(p.GetState()))
	}
	additional(&o, p, cursor, onEvent)
	return o.close()
}

// AppendUnwatchable appends the data of an `error` event about one of several jobs that can't be
// watched.
func AppendUnwatchable(b []byte, jobID, message, cursor string) []byte {
	o := open(b)
	o.string("error", message)
	o.string("job_id", jobID)
	o.string("cursor", cursor)
	return o.close()
}

// Text is a run of bytes of one text, cut at character borders.
type Text struct {
	JobID   string
	Attempt uint32
	Channel pb.Channel
	Offset  int64
	Text    string
}

// AppendText appends the data of a `text` event. `cursor` is left out if it is empty.
func AppendText(b []byte, t Text, cursor string) []byte {
	o := open(b)
	o.string("job_id", t.JobID)
	o.int("attempt", int64(t.Attempt))
	o.string("channel", Channel(t.Channel))
	o.int("text_offset", t.Offset)
	o.int("text_end", t.Offset+int64(len(t.Text)))
	o.string("text", t.Text)
	if cursor != "" {
		o.string("cursor", cursor)
	}
	return o.close()
}

// Reset tells to forget a text after Offset.
type Reset struct {
	JobID   string
	Attempt uint32
	Channel pb.Channel
	Offset  int64
	Reason  string
}

// AppendReset appends the data of a `reset` event. `cursor` is left out if it is empty.
func AppendReset(b []byte, r Reset, cursor string) []byte {
	o := open(b)
	o.string("job_id", r.JobID)
	o.int("attempt", int64(r.Attempt))
	o.string("channel", Channel(r.Channel))
	o.int("text_offset", r.Offset)
	o.string("reason", r.Reason)
	if cursor != "" {
		o.string("cursor", cursor)
	}
	return o.close()
}

// AppendStatus appends the body of the status route. With `clock` false the times that change by
// themselves are left out: what remains tells whether anything has changed.
func AppendStatus(b []byte, p *pb.Progress, spec *pb.JobSpec, cursor string, clock bool) []byte {
	o := open(b)
	o.bool("success", true)
	o.key("job")
	job := open(o.b)
	job.string("status", Status(p.GetState()))
	numbers(&job, p)
	job.stringOrNull("error_message", p.GetErrorMessage())
	job.string("prompt", prompt(spec))
	job.string("model", p.GetModel())
	job.stringOrNull("created_at", datetime(p.GetCreateTime()))
	job.stringOrNull("started_at", datetime(p.GetStartTime()))
	job.stringOrNull("completed_at", datetime(p.GetEndTime()))
	where := onStatus
	if !clock {
		where = onStatusWithoutClock
	}
	additional(&job, p, cursor, where)
	o.b = job.close()
	return o.close()
}

// AppendAccepted appends the answer to a submit.
func AppendAccepted(b []byte, job *pb.Job, existed bool) []byte {
	o := open(b)
	o.bool("success", true)
	o.key("data")
	data := open(o.b)
	data.key("job")
	fields := open(data.b)
	fields.string("job_id", job.GetJobId())
	fields.string("status", Status(job.GetState()))
	fields.string("state", State(job.GetState()))
	fields.string("model", job.GetSpec().GetModel())
	fields.bool("existed", existed)
	data.b = fields.close()
	data.string("message", "Generation job accepted")
	o.b = data.close()
	return o.close()
}

// numbers are the fields that `progress` events and the status share, after `status`.
func numbers(o *object, p *pb.Progress) {
	n := numbersOf(p)
	o.int("progress", percent(p))
	o.int("current_tokens", int64(n.GetCurrentTokens()))
	o.float("tokens_per_second", n.GetTokensPerSecond())
	o.int("elapsed_time", int64(n.GetElapsedMs()))
	if p.GetState() == pb.Job_STATE_COMPLETED {
		o.int("estimated_remaining", 0)
	} else {
		o.intOrNull("estimated_remaining", n.RemainingMs)
	}
	o.int("prompt_tokens", int64(n.GetPromptTokens()))
	o.int("completion_tokens", completionTokens(n))
	o.int("total_tokens", totalTokens(n))
}

// place is what `additional` follows.
type place int

const (
	onEvent place = iota
	// The first system's status has the model among its own fields.
	onStatus
	onStatusWithoutClock
)

// additional are the fields that the first system did not have, after all of its own.
func additional(o *object, p *pb.Progress, cursor string, where place) {
	n := numbersOf(p)
	o.string("job_id", p.GetJobId())
	o.string("state", State(p.GetState()))
	o.stringOrNull("phase", phase(p.GetPhase()))
	o.int("queue_position", int64(p.GetQueuePosition()))
	o.int("queue_size", int64(p.GetQueueSize()))
	o.intOrNull("expected_wait", p.ExpectedWaitMs)
	o.int("attempt", int64(p.GetAttempt()))
	o.int("failures", int64(p.GetFailures()))
	o.int("max_failures", int64(p.GetMaxFailures()))
	o.int("version", int64(p.GetVersion()))
	o.int("sequence", int64(p.GetSequence()))
	o.intOrNull("eta_low", n.RemainingLowMs)
	o.intOrNull("eta_high", n.RemainingHighMs)
	o.bool("estimated", n.GetTokensEstimated())
	o.stringOrNull("retry_at", rfc3339(p.GetRetryTime()))
	o.stringOrNull("reason", p.GetReason())
	o.stringOrNull("message", p.GetErrorMessage())
	if where != onStatusWithoutClock {
		o.int("server_time_ms", p.GetServerTime().AsTime().UnixMilli())
	}
	if where == onEvent {
		o.string("model", p.GetModel())
	}
	o.intOrNull("first_token_ms", n.FirstTokenMs)
	o.string("cursor", cursor)
	o.bool("held", p.GetHeld())
	o.string("priority", priority(p.GetPriority()))
	o.stringOrNull("retry_of", p.GetRetryOf())
	o.stringOrNull("retried_as", p.GetRetriedAs())
	o.stringOrNull("resume_mode", resumeMode(p.GetResumeMode()))
	phases(o, p)
	if since := p.GetStateTime(); since != nil {
		o.int("state_since_ms", since.AsTime().UnixMilli())
	} else {
		o.null("state_since_ms")
	}
}

// phases are what the newest attempt has gone through, each with its time.
func phases(o *object, p *pb.Progress) {
	o.key("phases")
	times := open(o.b)
	for _, time := range p.GetPhases() {
		if name := phase(time.GetPhase()); name != "" {
			times.int(name, int64(time.GetDurationMs()))
		}
	}
	o.b = times.close()
}

var noNumbers = &pb.JobNumbers{}

// numbersOf never returns nil, so that the presence of its fields can be asked.
func numbersOf(p *pb.Progress) *pb.JobNumbers {
	if p.GetNumbers() == nil {
		return noNumbers
	}
	return p.GetNumbers()
}

// percent rounds, but keeps 100 for what is stored.
func percent(p *pb.Progress) int64 {
	if p.GetState() == pb.Job_STATE_COMPLETED {
		return 100
	}
	value := p.GetNumbers().GetPercent()
	if math.IsNaN(value) {
		return 0
	}
	return int64(min(99, max(0, math.Round(value))))
}

// completionTokens is the model's own count, until it gives one ours.
func completionTokens(n *pb.JobNumbers) int64 {
	if n.CompletionTokens != nil {
		return int64(n.GetCompletionTokens())
	}
	return int64(n.GetCurrentTokens())
}

func totalTokens(n *pb.JobNumbers) int64 {
	if n.TotalTokens != nil {
		return int64(n.GetTotalTokens())
	}
	return int64(n.GetPromptTokens()) + completionTokens(n)
}

// prompt is what the person asked; of a conversation its last message.
func prompt(spec *pb.JobSpec) string {
	if spec.GetPrompt() != "" || len(spec.GetMessages()) == 0 {
		return spec.GetPrompt()
	}
	return spec.GetMessages()[len(spec.GetMessages())-1].GetContent()
}
