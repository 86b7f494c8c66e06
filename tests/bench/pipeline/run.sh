#!/usr/bin/env bash
# Chunks a second that reach a viewer over gRPC each, before the 99th percentile of their ages passes 50 ms: more and more
# jobs of 50 chunks a second. BENCH_JOBS: at most so many at once, BENCH_SECONDS of looking at each number.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"
# shellcheck source=tests/bench/watch/begin.sh
source "$ROOT/tests/bench/watch/begin.sh"

bench_watch pipeline
