#!/usr/bin/env bash
# What a viewer over gRPC costs progress_service, with 5,000 of them, BENCH_VIEWERS for another number.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"
# shellcheck source=tests/bench/watch/begin.sh
source "$ROOT/tests/bench/watch/begin.sh"

bench_watch memory
