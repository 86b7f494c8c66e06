# shellcheck shell=bash
# Builds bench_watch and what it starts. Sourced after lib.sh.

begin_bench_watch() {
  "$ROOT/scripts/install.sh" test >&2
  "$ROOT/scripts/build.sh" services bridge >&2
  cmake --build "$BUILD/release" --target bench_watch >&2
  # Where the servers keep their data: gone even if the run is cut off.
  GENWATCH_TEST_TMP=$(mktemp -d /tmp/genwatch-bench.XXXXXX)
  export GENWATCH_TEST_TMP
  trap 'rm -rf "$GENWATCH_TEST_TMP"' EXIT
}

# MODE: one of tests/bench/watch/main.cc.
bench_watch() {
  begin_bench_watch
  mkdir "$GENWATCH_TEST_TMP/logs"
  "$BUILD/release/tests/bench/bench_watch" "$1" "$GENWATCH_TEST_TMP/logs"
}
