package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestFlagsComeBeforeTheEnvironmentAndThatBeforeDefaults(t *testing.T) {
	s, err := parse([]string{"--http_port=1234", "--log_level", "debug"},
		env("GENWATCH_HTTP_PORT", "9", "GENWATCH_JOB_SERVICE", "dns:///jobs:1", "GENWATCH_METRICS_PORT", "", "GENWATCH_DRAIN_SECONDS", "1.5",
			"GENWATCH_ALLOWED_HOSTS", "Box.example, other "), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o := s.options
	if o.HTTPPort != 1234 || o.JobService != "dns:///jobs:1" || o.MetricsPort != 9094 || o.ProgressService != "127.0.0.1:50053" ||
		o.Drain != 1500*time.Millisecond || s.logLevel != "debug" || strings.Join(o.AllowedHosts, "|") != "box.example|other" {
		t.Errorf("%+v", s)
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	_, err := parse([]string{"--http_port=abc", "--nonsense=1", "stray", "--metrics_port=70000", "--log_format=xml"},
		env("GENWATCH_WATCH_CONNECTIONS", "many", "GENWATCH_JOB_SERVICE", "a"), io.Discard)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, word := range []string{"--http_port", "--nonsense", `"stray"`, "--metrics_port", "--log_format", "GENWATCH_WATCH_CONNECTIONS"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s is not named in: %v", word, err)
		}
	}
}

func TestEverybodyIsDevOnLoopbackOnly(t *testing.T) {
	tests := []struct {
		args []string
		user string
	}{
		{nil, "dev"},
		{[]string{"--http_host=::1"}, "dev"},
		{[]string{"--http_host=0.0.0.0"}, ""},
		{[]string{"--http_host=0.0.0.0", "--dev_user=ann"}, "ann"},
		{[]string{"--dev_user=none"}, ""},
	}
	for _, test := range tests {
		s, err := parse(test.args, env(), io.Discard)
		if err != nil || s.options.DevUser != test.user {
			t.Errorf("%v: %q, %v, want %q", test.args, s.options.DevUser, err, test.user)
		}
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	var out bytes.Buffer
	if _, err := parse([]string{"--help"}, env(), &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "progress_service") || !strings.Contains(out.String(), "GENWATCH_") {
		t.Errorf("usage:\n%s", out.String())
	}
}

func TestLogLinesLookLikeThoseOfTheOtherServices(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newHandler(&out, slog.LevelInfo, false))
	log.Debug("not shown")
	log.Warn("a watch was refused", "job_id", "job_1\n", "wait", 1500*time.Microsecond)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if line["severity"] != "WARNING" || line["service"] != "http_bridge" || line["msg"] != "a watch was refused" || line["job_id"] != "job_1\n" || line["wait_ms"] != 1.5 {
		t.Errorf("%v", line)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", line["ts"].(string)); err != nil {
		t.Error(err)
	}
}

func TestABadCommandLineEndsWithTwo(t *testing.T) {
	if code := run([]string{"--http_port=-1"}, env()); code != 2 {
		t.Errorf("exit code %d", code)
	}
}
