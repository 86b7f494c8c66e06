#!/usr/bin/env bash
# What one tab costs: the wall with 30 running posts of 20 tokens a second each, in a real browser, over 30 s. The main
# thread's busy time (TaskDuration) and the number of open streams. BENCH_SHORT=1 for 5 s, BENCH_POSTS and BENCH_SECONDS
# for other sizes.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"

POSTS=${BENCH_POSTS:-30}
SECONDS_LONG=${BENCH_SECONDS:-$([ -n "${BENCH_SHORT:-}" ] && echo 5 || echo 30)}

end_stack() {
  [ -n "${OWN_STATE:-}" ] || return 0
  "$ROOT/scripts/stack.sh" stop >&2 || true
  rm -rf "$OWN_STATE"
}

trap end_stack EXIT
"$ROOT/scripts/install.sh" run test >&2
"$ROOT/scripts/build.sh" >&2
"$ROOT/scripts/web_modules.sh" "$ROOT/tests/e2e" >&2
OWN_STATE=$(mktemp -d "/tmp/genwatch-bench.XXXXXXXX")
export STATE_DIR=$OWN_STATE HTTP_PORT=0 JOB_PORT=0 GENERATION_PORT=0 PROGRESS_PORT=0 METRICS_PORT=0
# Nothing answers there: the simulator serves.
export OLLAMA_URL=http://127.0.0.1:1
export GENWATCH_MAX_CONCURRENT=$POSTS
"$ROOT/scripts/stack.sh" start >&2
# shellcheck source=/dev/null
source "$STATE_DIR/stack.env"
node "$ROOT/tests/bench/ui_tab/measure.mjs" "${HTTP_URL%/}" "$POSTS" "$SECONDS_LONG"
