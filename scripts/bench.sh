#!/usr/bin/env bash
# bench.sh [NAME]: runs tests/bench/NAME/run.sh, or all benchmarks there. Each prints one JSON object a line:
# {"name": ..., "value": ..., "unit": ..., and the settings}. What else they say goes to the standard error.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

shopt -s nullglob
known=("$ROOT"/tests/bench/*/run.sh)
if [ -n "${1:-}" ]; then runs=("$ROOT/tests/bench/$1/run.sh"); else runs=("${known[@]}"); fi
if [ ! -e "${runs[0]:-}" ]; then
  die "no benchmark is called '${1:-}'" "there are: $(for run in "${known[@]}"; do basename "$(dirname "$run")"; done | tr '\n' ' ')"
fi
"$ROOT/scripts/install.sh" run >&2
for run in "${runs[@]}"; do "$run"; done
