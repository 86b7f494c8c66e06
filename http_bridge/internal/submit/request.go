// Package submit reads the body of POST /api/v1/ai/generate.
package submit

import (
	"encoding/json"
	"math"

	"google.golang.org/protobuf/types/known/structpb"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
	"genwatch/http_bridge/internal/problem"
)

// The words of the first system: its page offered "urgent", which its server did not know.
var priorities = map[string]pb.Priority{
	"low": pb.Priority_PRIORITY_LOW, "normal": pb.Priority_PRIORITY_NORMAL,
	"high": pb.Priority_PRIORITY_HIGH, "urgent": pb.Priority_PRIORITY_HIGH,
}

var thinking = map[string]pb.Thinking{
	"low": pb.Thinking_THINKING_LOW, "medium": pb.Thinking_THINKING_MEDIUM, "high": pb.Thinking_THINKING_HIGH,
}

var resumePolicies = map[string]pb.ResumePolicy{
	"continue_else_restart": pb.ResumePolicy_RESUME_POLICY_CONTINUE_ELSE_RESTART,
	"restart":               pb.ResumePolicy_RESUME_POLICY_RESTART,
	"fail":                  pb.ResumePolicy_RESUME_POLICY_FAIL,
}

// Decode reads a submit; idempotencyKey is the header of that name, "" without. It checks the form;
// what makes sense (an empty prompt, an unknown model) the service says. The error is a
// *problem.Error that names every faulty field.
func Decode(body []byte, idempotencyKey string) (*pb.SubmitJobRequest, error) {
	d := &decoder{}
	request := &pb.SubmitJobRequest{Spec: &pb.JobSpec{}}
	spec := request.Spec
	d.object("", body, map[string]reader{
		"prompt":        d.str(&spec.Prompt),
		"messages":      d.messages(spec),
		"system":        d.str(&spec.System),
		"model":         d.str(&spec.Model),
		"priority":      word(d, &spec.Priority, priorities, "low", "normal", "high", "urgent"),
		"options":       d.options(spec),
		"format":        d.format(spec),
		"think":         d.think(spec),
		"keep_alive_ms": integer(d, math.MinInt32, math.MaxInt32, func(v int32) { spec.KeepAliveMs = &v }),
		"job_class":     d.str(&spec.JobClass),
		"labels":        d.labels(spec),
		"deadlines":     d.deadlines(spec),
		"resume_policy": word(d, &spec.ResumePolicy, resumePolicies, "continue_else_restart", "restart", "fail"),
		"request_id":    d.str(&request.RequestId),
		"tools":         d.unsupported("TOOLS_UNSUPPORTED"),
		"images":        d.unsupported("IMAGES_UNSUPPORTED"),
	})
	if idempotencyKey != "" {
		if request.RequestId != "" && request.RequestId != idempotencyKey {
			d.fault("request_id", "differs from the Idempotency-Key header")
		}
		request.RequestId = idempotencyKey
	}
	if len(d.violations) > 0 {
		code := "INVALID_REQUEST"
		if d.code != "" {
			code = d.code
		}
		return nil, problem.Invalid(code, d.violations...)
	}
	return request, nil
}

func (d *decoder) messages(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		d.list(path, raw, func(path string, raw json.RawMessage) {
			message := &pb.ChatMessage{}
			d.object(path, raw, map[string]reader{
				"role":    d.str(&message.Role),
				"content": d.str(&message.Content),
				"images":  d.unsupported("IMAGES_UNSUPPORTED"),
			})
			spec.Messages = append(spec.Messages, message)
		})
	}
}

func (d *decoder) options(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		options := &pb.ModelOptions{}
		spec.Options = options
		d.object(path, raw, map[string]reader{
			"num_predict": integer(d, math.MinInt32, math.MaxInt32, func(v int32) { options.NumPredict = &v }),
			"num_ctx":     integer(d, 0, math.MaxUint32, func(v uint32) { options.NumCtx = &v }),
			"temperature": d.number(&options.Temperature),
			"top_p":       d.number(&options.TopP),
			"seed":        integer(d, math.MinInt32, math.MaxInt32, func(v int32) { options.Seed = &v }),
			"stop":        d.stop(options),
		})
	}
}

// stop is one string or several.
func (d *decoder) stop(options *pb.ModelOptions) reader {
	return func(path string, raw json.RawMessage) {
		read := func(path string, raw json.RawMessage) {
			var s string
			d.str(&s)(path, raw)
			options.Stop = append(options.Stop, s)
		}
		if raw[0] == '"' {
			read(path, raw)
			return
		}
		d.list(path, raw, read)
	}
}

// format is "json" or a JSON schema.
func (d *decoder) format(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		if string(raw) == `"json"` {
			spec.Format = &pb.OutputFormat{Kind: &pb.OutputFormat_Json{Json: true}}
			return
		}
		schema := &structpb.Struct{}
		if raw[0] != '{' || schema.UnmarshalJSON(raw) != nil {
			d.fault(path, `must be "json" or a JSON schema`)
			return
		}
		spec.Format = &pb.OutputFormat{Kind: &pb.OutputFormat_JsonSchema{JsonSchema: schema}}
	}
}

// think is a boolean, or how much.
func (d *decoder) think(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		var level string
		switch {
		case string(raw) == "true":
			spec.Think = pb.Thinking_THINKING_ON
		case string(raw) == "false":
			spec.Think = pb.Thinking_THINKING_OFF
		case json.Unmarshal(raw, &level) == nil && thinking[level] != pb.Thinking_THINKING_UNSPECIFIED:
			spec.Think = thinking[level]
		default:
			d.fault(path, "must be one of true, false, low, medium, high")
		}
	}
}

func (d *decoder) labels(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		spec.Labels = map[string]string{}
		d.each(path, raw, func(name, field string, raw json.RawMessage) {
			var value string
			d.str(&value)(field, raw)
			spec.Labels[name] = value
		})
	}
}

func (d *decoder) deadlines(spec *pb.JobSpec) reader {
	return func(path string, raw json.RawMessage) {
		deadlines := &pb.Deadlines{}
		spec.Deadlines = deadlines
		milliseconds := func(into *uint32) reader {
			return integer(d, 0, math.MaxUint32, func(v uint32) { *into = v })
		}
		d.object(path, raw, map[string]reader{
			"waiting_ms": milliseconds(&deadlines.WaitingMs),
			"running_ms": milliseconds(&deadlines.RunningMs),
			"silence_ms": milliseconds(&deadlines.SilenceMs),
		})
	}
}

func (d *decoder) unsupported(code string) reader {
	return func(path string, _ json.RawMessage) {
		d.fault(path, "is not supported yet")
		if d.code == "" {
			d.code = code
		}
	}
}
