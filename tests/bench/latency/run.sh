#!/usr/bin/env bash
# From the instant that the model server writes a chunk to the instant that a viewer has read it, through all parts:
# 50 jobs of 50 chunks a second at once, one viewer each, BENCH_JOBS and BENCH_CHUNKS for other sizes, BENCH_SHORT=1 for
# small ones. First over gRPC, then over server-sent events, without a limit of the rate and with the default one.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"

# shellcheck source=tests/bench/watch/begin.sh
source "$ROOT/tests/bench/watch/begin.sh"

if [ "${BENCH_SHORT:-}" = 1 ]; then small=1; else small=; fi
JOBS=${BENCH_JOBS:-${small:+10}}
JOBS=${JOBS:-50}
CHUNKS=${BENCH_CHUNKS:-${small:+100}}
CHUNKS=${CHUNKS:-500}

# Its servers have ended before those of the others start.
(bench_watch latency)

"$ROOT/scripts/build.sh" >&2
cmake --build "$BUILD/release" --target bench_latency >&2

STATE_DIR=$(mktemp -d "/tmp/genwatch-bench.XXXXXXXX")
export STATE_DIR HTTP_PORT=0 JOB_PORT=0 GENERATION_PORT=0 PROGRESS_PORT=0 METRICS_PORT=0
# Nothing answers there: the bundled simulator serves.
export OLLAMA_URL=http://127.0.0.1:1
export GENWATCH_MAX_CONCURRENT=$JOBS
cleanup() {
  "$ROOT/scripts/stack.sh" stop >&2 || true
  rm -rf "$STATE_DIR"
}
trap cleanup EXIT
"$ROOT/scripts/stack.sh" start >&2
# shellcheck source=/dev/null
source "$STATE_DIR/stack.env"
"$BUILD/release/tests/bench/bench_latency" 127.0.0.1 "$HTTP_PORT" "$JOBS" "$CHUNKS"
"$BUILD/release/tests/bench/bench_latency" 127.0.0.1 "$HTTP_PORT" "$JOBS" "$CHUNKS" text=true
