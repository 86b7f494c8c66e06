#!/usr/bin/env bash
# What MariaDB is asked a second while 1,000 jobs run before 1,000 browsers, and none starts or ends. BENCH_JOBS,
# BENCH_VIEWERS and BENCH_SECONDS for other sizes.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"
# shellcheck source=tests/bench/watch/begin.sh
source "$ROOT/tests/bench/watch/begin.sh"

bench_watch statements
