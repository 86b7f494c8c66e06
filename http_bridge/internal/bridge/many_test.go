package bridge

import (
	"net/url"
	"strings"
	"testing"

	"genwatch/http_bridge/internal/fakes"
	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

const manyURL = "/api/v1/ai/generation/progress"

// several is what a client of many jobs holds.
type several struct {
	t       *testing.T
	texts   map[string]fakes.Texts
	cursors map[string]string
	ended   map[string]string
}

func newSeveral(t *testing.T) *several {
	return &several{t: t, texts: map[string]fakes.Texts{}, cursors: map[string]string{}, ended: map[string]string{}}
}

func (c *several) apply(e fakes.Event) {
	c.t.Helper()
	if e.ID != "" {
		c.t.Errorf("the route of many jobs sends no id: %+v", e)
	}
	jobID, _ := e.Field(c.t, "job_id").(string)
	if c.texts[jobID] == nil {
		c.texts[jobID] = fakes.Texts{}
	}
	c.texts[jobID].Apply(c.t, e)
	if at, ok := e.Field(c.t, "cursor").(string); ok {
		c.cursors[jobID] = at
	}
	if e.Event == "complete" || e.Event == "error" {
		c.ended[jobID] = e.Event
	}
}

func TestManyJobsComeOnOneConnectionAndResumeByTheirCursors(t *testing.T) {
	b := start(t, nil)
	for _, jobID := range []string{jobA, jobB} {
		b.Progress.Add(jobID, "dev")
		b.Progress.Update(jobID, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light ") })
	}
	c := newSeveral(t)
	names := "?text=true&max_rate=0&job_id=" + jobA + "&job_id=" + jobB
	stream := b.open(manyURL + names)
	for c.texts[jobA]["answer"] == "" || c.texts[jobB]["answer"] == "" {
		c.apply(stream.Next())
	}
	stream.Close()
	for _, jobID := range []string{jobA, jobB} {
		b.Progress.Update(jobID, func(j *fakes.Job) { j.Write("scatters") })
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })

	// The order of the cursors does not matter.
	stream = b.open(manyURL + names + "&cursor=" + c.cursors[jobB] + "&cursor=" + c.cursors[jobA])
	for c.ended[jobA] == "" || c.texts[jobB]["answer"] != "Light scatters" {
		c.apply(stream.Next())
	}
	b.Progress.Update(jobB, func(j *fakes.Job) { j.End(pb.Job_STATE_CANCELLED) })
	for c.ended[jobB] == "" {
		c.apply(stream.Next())
	}
	stream.Ended()
	if c.texts[jobA]["answer"] != "Light scatters" || c.ended[jobA] != "complete" || c.ended[jobB] != "error" {
		t.Errorf("%+v", c)
	}
	// Who has seen both ends is told so; who has seen one gets the other.
	if got := b.call("GET", manyURL+names+"&cursor="+c.cursors[jobA]+"&cursor="+c.cursors[jobB], ""); got.StatusCode != 204 {
		t.Errorf("status %d", got.StatusCode)
	}
	again := newSeveral(t)
	stream = b.open(manyURL + names + "&cursor=" + c.cursors[jobA])
	for again.ended[jobB] == "" {
		again.apply(stream.Next())
	}
	stream.Ended()
	if again.ended[jobA] != "" || again.texts[jobB]["answer"] != "Light scatters" {
		t.Errorf("%+v", again)
	}
}

func TestAnUnknownJobAmongManyIsAnErrorOfItsOwn(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	c := newSeveral(t)
	stream := b.open(manyURL + "?job_id=" + jobB + "&job_id=" + jobA)
	for c.ended[jobB] == "" || c.cursors[jobA] == "" {
		c.apply(stream.Next())
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	for c.ended[jobA] == "" {
		c.apply(stream.Next())
	}
	stream.Ended()
	if got := b.call("GET", manyURL+"?job_id="+jobB+"&cursor="+c.cursors[jobB], ""); got.StatusCode != 204 {
		t.Errorf("on return: status %d", got.StatusCode)
	}
}

func TestMyActiveJobsJoinAndLeave(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	c := newSeveral(t)
	stream := b.open(manyURL + "?mine=active&text=true&max_rate=0")
	for c.cursors[jobA] == "" {
		c.apply(stream.Next())
	}
	b.Progress.Add("job_00000000000000000000000000000001", "somebody else")
	b.Progress.Add(jobB, "dev")
	for c.cursors[jobB] == "" {
		c.apply(stream.Next())
	}
	b.Progress.Update(jobA, func(j *fakes.Job) { j.Lease(0, 0); j.Write("Light") })
	b.Progress.Update(jobA, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	for c.ended[jobA] == "" {
		c.apply(stream.Next())
	}
	b.Progress.Update(jobB, func(j *fakes.Job) { j.Lease(0, 0); j.Write("x") })
	for c.texts[jobB]["answer"] == "" {
		c.apply(stream.Next())
	}
	if len(c.texts) != 2 || c.texts[jobA]["answer"] != "Light" {
		t.Errorf("%+v", c)
	}
	stream.Close()

	// A job that ended while the client was away is named by it.
	b.Progress.Update(jobB, func(j *fakes.Job) { j.End(pb.Job_STATE_COMPLETED) })
	again := newSeveral(t)
	again.texts[jobB] = fakes.Texts{"answer": "x"}
	stream = b.open(manyURL + "?mine=active&text=true&job_id=" + jobB + "&cursor=" + url.QueryEscape(c.cursors[jobB]))
	for again.ended[jobB] == "" {
		again.apply(stream.Next())
	}
	if opened, _ := b.Progress.Watches(); opened > 6 {
		t.Errorf("%d watches upstream", opened)
	}
}

func TestManyViewersOfOneUserShareTheListOfJobs(t *testing.T) {
	b := start(t, nil)
	b.Progress.Add(jobA, "dev")
	for range 5 {
		b.open(manyURL + "?mine=active").Next()
	}
	if opened, _ := b.Progress.Watches(); opened != 2 {
		t.Errorf("%d watches upstream, want one of the list and one of the job", opened)
	}
}

func TestMalformedRequestsForManyJobsAreNamed(t *testing.T) {
	b := start(t, nil)
	tests := []struct{ query, field string }{
		{"", "job_id"}, {"?mine=all", "mine"}, {"?" + strings.Repeat("job_id=x&", 3) + manyIDs(51), "job_id"}, {"?job_id=" + jobA + "&text=7", "text"},
	}
	for _, test := range tests {
		got := b.call("GET", manyURL+test.query, "")
		if got.StatusCode != 400 || !strings.Contains(got.body, `"field":"`+test.field+`"`) {
			t.Errorf("%.30s: %d %s", test.query, got.StatusCode, got.body)
		}
	}
}

func manyIDs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&job_id=job_" + strings.Repeat("0", 30) + string(rune('a'+i%26)) + string(rune('a'+i/26)))
	}
	return b.String()
}
