#!/usr/bin/env bash
# test.sh [cpp|go|web|scripts|e2e]...: runs these suites, or all. Installs and builds first what they need.
# The last line is "N passed, N failed", over all suites; a skipped test counts as failed.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"
# shellcheck source=scripts/counts.sh
source "$ROOT/scripts/counts.sh"
cd "$ROOT"

RESULTS=$BUILD/results
PASSED=0
FAILED=0
mkdir -p "$RESULTS"

# These are joined by && because bash ignores `set -e` wherever a command's status is looked at.
prepare() {
  scripts/install.sh run test && scripts/build.sh tests ui bridge && scripts/tools.sh migrate grpcurl
}

# Each runs in a subshell; what it leaves is a report for the counting.
run_cpp() { ctest --preset release -j "$(nproc)" --output-junit "$RESULTS/cpp.xml" | sed -u '/^ *Start /d'; }
run_go() { go test -C http_bridge -v -timeout 5m ./... | sed -u '/^=== /d'; }
run_web() {
  scripts/web_modules.sh http_bridge/web && cd http_bridge/web && npm run --silent api:check &&
    npm run --silent packages:check && npm run --silent packages:try &&
    npm run --silent test -- --reporter=default --reporter=junit --outputFile.junit="$RESULTS/web.xml"
}
run_scripts() { tests/scripts/run.sh; }
run_e2e() {
  scripts/web_modules.sh tests/e2e && cd tests/e2e &&
    PLAYWRIGHT_JUNIT_OUTPUT_FILE=$RESULTS/e2e.xml npx --no-install playwright test --reporter=list,junit
}

# suite NAME COUNTER REPORT: runs run_NAME, shows its output as it comes, and adds what the report counts.
suite() {
  local name=$1 status=0 start passed failed
  local output=$RESULTS/$name.txt
  say "" "== $name"
  start=$(now_ms)
  rm -f "$output" "$3"
  ("run_$name") </dev/null 2>&1 | tee "$output" || status=$?
  read -r passed failed < <("$2" "$3")
  # A suite that died, or ran no test, has failed even if no test of it did.
  if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then failed=1; fi
  say "== $name: $passed passed, $failed failed, in $(seconds_since "$start") s"
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
}

finish() {
  say "" "$PASSED passed, $FAILED failed"
  [ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
}

say "== preparing"
start=$(now_ms)
if ! (prepare); then
  warn "error: the suites could not be built"
  FAILED=1
  finish
fi
say "== prepared in $(seconds_since "$start") s"
require_go
require_node

[ $# -gt 0 ] || set -- cpp go web scripts e2e
for name in "$@"; do
  case $name in
    cpp | web | e2e) suite "$name" counts_of_junit "$RESULTS/$name.xml" ;;
    go) suite go counts_of_go "$RESULTS/go.txt" ;;
    scripts) suite scripts counts_of_line "$RESULTS/scripts.txt" ;;
    *) die "unknown suite '$name'" "one of: cpp, go, web, scripts, e2e" ;;
  esac
done
finish
