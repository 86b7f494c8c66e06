package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"genwatch/http_bridge/internal/bridge"
)

// settings is what the command line and the environment say.
type settings struct {
	options   bridge.Options
	logLevel  string
	logFormat string
}

// parse reads, in falling order of weight: the command line, the environment variable GENWATCH_<NAME
// IN CAPITALS> of each flag that is not given there (an empty one is as good as none), the default.
// Everything wrong is reported in one error. flag.ErrHelp: the usage was printed.
func parse(args []string, env func(string) (string, bool), usage io.Writer) (settings, error) {
	s := settings{options: bridge.DefaultOptions()}
	o := &s.options
	flags := flag.NewFlagSet("http_bridge", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.HTTPHost, "http_host", o.HTTPHost, "address to listen on; 0.0.0.0 for all interfaces")
	flags.IntVar(&o.HTTPPort, "http_port", o.HTTPPort, "port to listen on; 0 for any free one")
	flags.IntVar(&o.MetricsPort, "metrics_port", o.MetricsPort, "port of the Prometheus metrics; 0 for none")
	flags.StringVar(&o.JobService, "job_service", o.JobService, "gRPC target of job_service: host:port, several with commas between, or dns:///name:port")
	flags.StringVar(&o.ProgressService, "progress_service", o.ProgressService, "gRPC target of progress_service, likewise")
	flags.IntVar(&o.WatchConnections, "watch_connections", o.WatchConnections, "connections to progress_service that carry the watches")
	flags.StringVar(&o.DevUser, "dev_user", "", `everybody is this user; default "dev" on a loopback --http_host, nobody elsewhere; "none" for nobody`)
	flags.IntVar(&o.SSE.Shards, "sse_shards", o.SSE.Shards,
		"goroutines that write to all streams, over connections taken from net/http (default: a core each); 0: net/http writes, with a goroutine for each stream")
	flags.BoolVar(&o.SSE.Compress, "sse_compression", o.SSE.Compress,
		"gzip streams for clients that ask for it; costs memory and time for each of them")
	allowed := flags.String("allowed_hosts", "", "names, with commas, that browsers may reach the bridge by, beside localhost")
	drain := flags.Float64("drain_seconds", o.Drain.Seconds(), "how long requests may still run after SIGTERM")
	flags.StringVar(&s.logLevel, "log_level", "info", "debug, info, warning or error")
	flags.StringVar(&s.logFormat, "log_format", "auto", "auto (text on a terminal, else json), json or text")

	problems := parseArgs(flags, args)
	if errors.Is(problems, flag.ErrHelp) {
		flags.SetOutput(usage)
		fmt.Fprintln(usage, "http_bridge: REST, server-sent events and the web page of Genwatch. Each flag can be set as GENWATCH_<NAME> as well.")
		flags.PrintDefaults()
		return s, flag.ErrHelp
	}
	problems = errors.Join(problems, parseEnv(flags, env), checkLogging(s.logLevel, s.logFormat))
	o.Drain = time.Duration(*drain * float64(time.Second))
	for host := range strings.SplitSeq(strings.ToLower(*allowed), ",") {
		if host = strings.TrimSpace(host); host != "" {
			o.AllowedHosts = append(o.AllowedHosts, host)
		}
	}
	switch {
	case o.DevUser == "none":
		o.DevUser = ""
	case o.DevUser == "" && bridge.IsLoopback(o.HTTPHost):
		o.DevUser = "dev"
	}
	return s, errors.Join(problems, o.Check())
}

// parseArgs goes on after a bad flag, so that all are named.
func parseArgs(flags *flag.FlagSet, args []string) error {
	var problems []error
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return flag.ErrHelp
		}
		if err != nil {
			problems = append(problems, errors.New(strings.ReplaceAll(err.Error(), " -", " --")))
		} else if flags.NArg() > 0 {
			problems = append(problems, fmt.Errorf("%q is not a flag", flags.Arg(0)))
		}
		rest := flags.Args()
		if err == nil && len(rest) > 0 {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return errors.Join(problems...)
		}
		args = rest
	}
}

func parseEnv(flags *flag.FlagSet, env func(string) (string, bool)) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var problems []error
	flags.VisitAll(func(f *flag.Flag) {
		name := "GENWATCH_" + strings.ToUpper(f.Name)
		value, ok := env(name)
		if given[f.Name] || !ok || value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: invalid value %q for --%s: %w", name, value, f.Name, err))
		}
	})
	return errors.Join(problems...)
}
