#!/usr/bin/env bash
# What the estimate of the time left is worth, on jobs whose lengths the simulator's length models draw, beside three
# simpler rules. No servers; the same seeds give the same figures on any machine.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"

"$ROOT/scripts/build.sh" >&2
cmake --build "$BUILD/release" --target bench_eta >&2
"$BUILD/release/tests/bench/bench_eta" "$@"
