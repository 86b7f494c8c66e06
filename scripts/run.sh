#!/usr/bin/env bash
# run.sh: `make run`. Installs, builds and starts all that Genwatch needs, in the foreground: Ctrl-C or SIGTERM ends
# every process, socket and port of it. Data stays in the state folder.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/stack/all.sh
source "$ROOT/scripts/stack/all.sh"

STEPS=$((4 + STACK_STEPS))
CHILD=
FOLLOWER=
HEALTHY=

# A long step runs as a process group of its own, so that a signal ends it at once and whole.
interruptible() {
  local status=0
  set -m
  "$@" </dev/null 9>&- &
  CHILD=$!
  set +m
  wait "$CHILD" || status=$?
  CHILD=
  return "$status"
}

# The progress of running jobs, as progress_service prints it, on this console.
follow_progress() {
  set -m
  # shellcheck disable=SC2016 # for the inner shell
  bash -c 'tail -n 0 -F "$0" 2>/dev/null | grep --line-buffered "^Progress: "' "$LOG_DIR/progress_service.log" </dev/null &
  FOLLOWER=$!
  set +m
}

# The last thing that this script does, however it ends.
leave() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  local group
  for group in $CHILD $FOLLOWER; do kill -TERM -- "-$group" 2>/dev/null || true; done
  if [ -n "$HEALTHY" ]; then say "" "stopping" || true; fi
  stack_stop || status=1
  if [ -n "$HEALTHY" ]; then say "stopped; the data stays in $STATE_DIR (make clean-state removes it)" || true; fi
  exit "$status"
}

# A port that is taken is told before anything long begins.
check_ports() { if command -v ss >/dev/null; then (claim_ports); fi; }

install_all() {
  interruptible "$ROOT/scripts/install.sh" run
  check_ports
}

build_bridge() {
  interruptible "$ROOT/scripts/tools.sh" migrate grpcurl
  interruptible "$ROOT/scripts/build.sh" bridge
}

tell_how_to_use() {
  tell_model_server
  case $HTTP_HOST in
    127.* | localhost | ::1) ;;
    *) say "Listening on $HTTP_HOST: everybody who reaches it acts as the user dev." ;;
  esac
  cat <<TEXT

Genwatch is up after $(seconds_since "$BEGUN") s.

  Web page    $HTTP_URL
  API         $HTTP_URL/docs

  Submit a job and watch it:
    curl -N -H 'Accept: text/event-stream' -H 'Content-Type: application/json' \\
      -d '{"prompt": "Why is the sky blue?"}' '$HTTP_URL/api/v1/ai/generate?text=true'

  The same over gRPC:
    .build/bin/grpcurl -plaintext -d '{"spec": {"prompt": "Why is the sky blue?"}}' \\
      $GRPC_HOST:$JOB_PORT genwatch.v1.JobService/SubmitJob

  Logs: make logs    SQL: make sql    Stop: Ctrl-C    Below: the progress of running jobs

TEXT
}

BEGUN=$(now_ms)
lock_stack
if stack_is_up; then
  tell_running
  exit 0
fi
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

step "installing what is missing" install_all
step "building the services" interruptible "$ROOT/scripts/build.sh" services
step "building the web pages" interruptible "$ROOT/scripts/build.sh" ui
step "building the HTTP bridge and the tools" build_bridge
stack_start
exec 9>&-
HEALTHY=1
tell_how_to_use
follow_progress

# From here on a signal is the ordinary end.
trap 'exit 0' INT TERM HUP
while stack_is_up; do
  sleep 1 &
  wait $! || true
done
# Who stops it from elsewhere removes this file last but one.
if wait_until 15 test ! -e "$STACK_ENV"; then exit 0; fi
die "the supervisor ended by itself" "its log is $LOG_DIR/supervisord.log"
