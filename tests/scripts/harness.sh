# shellcheck shell=bash
# What the tests of the scripts share: each test_* function of a file is one test, run in a subshell of its own with a
# state folder and ports of its own. Sourced by the *_test.sh files, whose last line is `run_tests`.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

PASSED=0
FAILED=0

# fail WHAT: ends the test.
fail() {
  printf '    %s\n' "$@"
  exit 1
}

# expect_text TEXT PART...: each part occurs in the text.
expect_text() {
  local text=$1 part
  shift
  for part in "$@"; do
    [[ $text == *"$part"* ]] || fail "expected: $part" "in: $text"
  done
}

expect_equal() { [ "$1" = "$2" ] || fail "expected: $2" "got: $1"; }

# A part of its own for each test, whatever the caller's environment says.
private_settings() {
  unset MAKEFLAGS MAKELEVEL MFLAGS MIGRATIONS
  TEST_DIR=$(mktemp -d)
  mkdir "$TEST_DIR/state"
  if [ -n "${DATABASE:-}" ]; then cp -a "$DATABASE/mariadb" "$TEST_DIR/state/mariadb"; fi
  export STATE_DIR=$TEST_DIR/state OLLAMA_URL=simulator HTTP_HOST=127.0.0.1
  export HTTP_PORT=0 JOB_PORT=0 GENERATION_PORT=0 PROGRESS_PORT=0 METRICS_PORT=0
}

# An empty database, made once for all tests of a file, because that takes half of a start's time.
make_database() {
  DATABASE=$(mktemp -d)
  (
    export STATE_DIR=$DATABASE
    # shellcheck source=scripts/stack/all.sh
    source "$ROOT/scripts/stack/all.sh"
    make_state_dirs
    mariadb_config
    mariadb_install
  )
}

# Processes that carry the mark of this test's stack in their environment, or its folder in their command line.
stack_processes() {
  {
    (grep -lzsxF "GWSTACK_DIR=$STATE_DIR" /proc/[0-9]*/environ || true) | cut -d / -f 3
    pgrep -f -- "$STATE_DIR" || true
  } | sort -u
}
no_stack_processes() { [ -z "$(stack_processes)" ]; }

# stack_env NAME: the value that the running stack wrote down.
stack_env() { "$ROOT/scripts/stack.sh" env | sed -n "s/^$1=//p"; }

expect_nothing_left() {
  no_stack_processes || fail "still running: $(stack_processes | xargs -r ps -o pid=,args= -p)"
  [ -z "$(find "$STATE_DIR" -type s 2>/dev/null)" ] || fail "sockets left: $(find "$STATE_DIR" -type s)"
  [ ! -e "$STATE_DIR/sockets" ] || fail "the folder of sockets is left"
  local port
  for port in "$@"; do
    [ -z "$(ss -Hltn "sport = :$port")" ] || fail "port $port is still open"
  done
}

# Whatever a test did, nothing of it stays.
clean_up() {
  "$ROOT/scripts/stack.sh" stop >/dev/null 2>&1 9>&- || true
  [ -z "${HELPER:-}" ] || kill "$HELPER" 2>/dev/null || true
  rm -rf "$TEST_DIR"
}

run_tests() {
  local name status start
  for name in $(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p'); do
    status=0
    start=$(now_ms)
    # A subshell whose status is looked at by && or || would go on after a failure: so it is waited for instead.
    (
      private_settings
      trap clean_up EXIT
      "$name"
    ) &
    wait $! || status=$?
    if [ "$status" = 0 ]; then
      PASSED=$((PASSED + 1))
      say "ok      $name ($(seconds_since "$start") s)"
    else
      FAILED=$((FAILED + 1))
      say "FAILED  $name ($(seconds_since "$start") s)"
    fi
  done
  if [ -n "${DATABASE:-}" ]; then rm -rf "$DATABASE"; fi
  say "$PASSED passed, $FAILED failed"
  [ "$FAILED" = 0 ]
}
