// http_bridge shows Genwatch to browsers: REST, server-sent events and the web page, translated from
// and to the gRPC of job_service and progress_service.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"genwatch/http_bridge/internal/bridge"
)

func main() { os.Exit(run(os.Args[1:], os.LookupEnv)) }

func run(args []string, env func(string) (string, bool)) int {
	settings, err := parse(args, env, os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = settings.options.Check()
	}
	if err == nil {
		err = initLogging(os.Stderr, settings.logLevel, settings.logFormat)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "http_bridge: "+err.Error())
		return 2
	}

	if _, chosen := env("GOGC"); !chosen {
		// Little garbage is made, and the stacks of thousands of viewers count for how much may gather.
		debug.SetGCPercent(30)
	}
	askForShortSlices()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// A second signal finds the default action again and ends the process.
	context.AfterFunc(ctx, stop)
	err = bridge.Run(ctx, settings.options, func(httpAddress, metricsAddress string) {
		slog.Info("serving", "http", "http://"+httpAddress, "metrics", metricsAddress,
			"job_service", settings.options.JobService, "progress_service", settings.options.ProgressService)
	})
	if err != nil {
		slog.Error("stopped", "error", err)
		return 1
	}
	slog.Info("stopped")
	return 0
}
