package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
}

func checkLogging(level, format string) error {
	var problems []error
	if _, ok := logLevels[level]; !ok {
		problems = append(problems, fmt.Errorf("--log_level: %q is not one of debug, info, warning, error", level))
	}
	if format != "auto" && format != "json" && format != "text" {
		problems = append(problems, fmt.Errorf("--log_format: %q is not one of auto, json, text", format))
	}
	return errors.Join(problems...)
}

// initLogging makes the process's log look like that of the other services: JSON lines {ts,
// severity, service, msg, and the fields}, or text on a terminal.
func initLogging(out *os.File, level, format string) error {
	if err := checkLogging(level, format); err != nil {
		return err
	}
	text := format == "text" || (format == "auto" && isTerminal(out))
	slog.SetDefault(slog.New(newHandler(out, logLevels[level], text)))
	return nil
}

func newHandler(out io.Writer, level slog.Level, text bool) slog.Handler {
	if text {
		return slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})
	}
	handler := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch {
		case a.Key == slog.TimeKey:
			return slog.String("ts", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
		case a.Key == slog.LevelKey:
			return slog.String("severity", severity(a.Value.Any().(slog.Level)))
		case a.Value.Kind() == slog.KindDuration:
			return slog.Float64(a.Key+"_ms", float64(a.Value.Duration())/float64(time.Millisecond))
		}
		return a
	}})
	return handler.WithAttrs([]slog.Attr{slog.String("service", "http_bridge")})
}

func severity(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "ERROR"
	case level >= slog.LevelWarn:
		return "WARNING"
	case level >= slog.LevelInfo:
		return "INFO"
	default:
		return "DEBUG"
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
