# shellcheck shell=bash
# A stack of the benchmark's own, whose worker completes every job at once (--model_client=noop). Sourced; the settings
# come from the environment.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

begin_stack() {
  "$ROOT/scripts/build.sh" >&2
  cmake --build "$BUILD/release" --target bench_load >&2
  STATE_DIR=$(mktemp -d "/tmp/genwatch-bench.XXXXXXXX")
  OWN_STATE=$STATE_DIR
  export STATE_DIR HTTP_PORT=0 JOB_PORT=0 GENERATION_PORT=0 PROGRESS_PORT=0 METRICS_PORT=0
  # Nothing answers there, and nothing asks.
  export OLLAMA_URL=http://127.0.0.1:1
  export GENWATCH_MODEL_CLIENT=noop
  "$ROOT/scripts/stack.sh" start >&2
  # shellcheck source=/dev/null
  source "$STATE_DIR/stack.env"
}

# Also of one that has not begun.
end_stack() {
  [ -n "${OWN_STATE:-}" ] || return 0
  "$ROOT/scripts/stack.sh" stop >&2 || true
  rm -rf "$OWN_STATE"
}

# OWNER MODEL JOBS CLIENTS PHASE: jobs per second.
load() { "$BUILD/release/tests/bench/bench_load" "127.0.0.1:$JOB_PORT" "$@"; }

# WHERE...: how many jobs of the ledger.
count_jobs() {
  mariadb --no-defaults --socket="$MARIADB_SOCKET" --user=genwatch --skip-column-names --batch \
    --execute "SELECT COUNT(*) FROM ai_generation_jobs WHERE $*" genwatch
}

# The middle one of its lines.
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
