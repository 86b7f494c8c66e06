#!/usr/bin/env bash
# A submit, a lease and a position with a million waiting jobs, against a thousand: BENCH_SMALL and BENCH_LARGE for
# other numbers, BENCH_SAMPLES of each. Needs about 3 GB below /tmp and 5 minutes.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"

"$ROOT/scripts/install.sh" test >&2
"$ROOT/scripts/build.sh" services >&2
cmake --build "$BUILD/release" --target bench_queue_scale >&2

# Where the servers keep their data: gone even if the run is cut off.
GENWATCH_TEST_TMP=$(mktemp -d /tmp/genwatch-bench.XXXXXX)
export GENWATCH_TEST_TMP
trap 'rm -rf "$GENWATCH_TEST_TMP"' EXIT
mkdir "$GENWATCH_TEST_TMP/logs"
"$BUILD/release/tests/bench/bench_queue_scale" "$GENWATCH_TEST_TMP/logs" \
  "${BENCH_SMALL:-1000}" "${BENCH_LARGE:-1000000}" "${BENCH_SAMPLES:-2500}"
