#!/usr/bin/env bash
# The whole real stack, started and stopped by scripts/stack.sh.
# shellcheck source=tests/scripts/harness.sh
source "$(dirname "$0")/harness.sh"

stack() { "$ROOT/scripts/stack.sh" "$@"; }

test_a_started_stack_is_healthy_says_where_and_leaves_nothing_when_stopped() {
  local said url port
  said=$(stack start)
  url=$(stack_env HTTP_URL)
  port=$(stack_env HTTP_PORT)
  expect_text "$said" "$url" "SIMULATED MODEL"
  curl -fsS -o /dev/null "$url/readyz"
  said=$(stack start)
  expect_text "$said" "runs already" "$url"
  stack stop
  expect_nothing_left "$port"
}

test_data_outlives_a_stop() {
  stack start >/dev/null
  Q='CREATE TABLE kept (a INT); INSERT INTO kept VALUES (4711)' "$ROOT/scripts/sql.sh"
  stack stop
  stack start >/dev/null
  expect_text "$(Q='SELECT a FROM kept' "$ROOT/scripts/sql.sh")" 4711
}

test_a_part_that_dies_is_started_again() {
  stack start >/dev/null
  local pid
  pid=$(stack status | sed -n 's/.*:progress_service .*pid \([0-9]*\),.*/\1/p')
  kill -KILL "$pid"
  replaced() { stack status | grep ':progress_service .*RUNNING' | grep -qv "pid $pid,"; }
  wait_until 20 replaced || fail "progress_service did not come back: $(stack status)"
}

test_a_part_can_be_replaced() {
  stack start >/dev/null
  local before
  before=$(stack status | grep ':redis ')
  stack restart redis >/dev/null
  [ "$(stack status | grep ':redis ')" != "$before" ] || fail "redis is the same process"
}

test_what_a_crashed_supervisor_left_running_is_ended_by_the_next_start() {
  stack start >/dev/null
  local port orphans
  port=$(stack_env JOB_PORT)
  kill -KILL "$(cat "$STATE_DIR/supervisord.pid")"
  orphans=$(stack_processes | tr '\n' ' ')
  [ -n "$orphans" ] || fail "nothing was orphaned"
  JOB_PORT=$port stack start >/dev/null
  local pid
  for pid in $orphans; do
    if kill -0 "$pid" 2>/dev/null; then fail "process $pid of the crashed stack still runs"; fi
  done
}

test_a_port_in_use_is_named_with_its_user_and_its_setting() {
  local said
  python3 -u -m http.server --bind 127.0.0.1 0 >"$TEST_DIR/server" 2>&1 9>&- &
  HELPER=$!
  wait_until 10 grep -qs 'port [0-9]' "$TEST_DIR/server"
  PROGRESS_PORT=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$TEST_DIR/server")
  export PROGRESS_PORT
  if said=$(stack start 2>&1); then fail "started on a port in use"; fi
  expect_text "$said" "port $PROGRESS_PORT (PROGRESS_PORT) is in use by python3 (pid $HELPER)" "PROGRESS_PORT="
  expect_nothing_left
}

test_a_port_that_is_none_and_one_that_is_named_twice_are_told_together() {
  local said
  if said=$(HTTP_PORT=web JOB_PORT=23456 GENERATION_PORT=23456 stack start 2>&1); then fail "started"; fi
  expect_text "$said" "HTTP_PORT=web is not a port" "GENERATION_PORT=23456 is used twice"
}

test_a_broken_migration_is_named_and_stays_named_and_nothing_is_left_running() {
  local said
  cp -r "$ROOT/job_service/migrations" "$TEST_DIR/migrations"
  printf 'CREATE TABLE a_first (a INT);\nCREATE TABEL broken (a INT);\n' >"$TEST_DIR/migrations/900000_broken.up.sql"
  export MIGRATIONS=$TEST_DIR/migrations
  if said=$(stack start 2>&1); then fail "started"; fi
  expect_text "$said" "900000_broken.up.sql is broken" "TABEL" "make clean-state"
  expect_nothing_left
  if said=$(stack start 2>&1); then fail "started the second time"; fi
  expect_text "$said" "900000_broken.up.sql is broken"
}

test_a_deep_state_folder_gets_short_sockets_that_are_removed_again() {
  local sockets
  STATE_DIR=$TEST_DIR/$(printf 'deep%.0s' {1..30})
  export STATE_DIR
  stack start >/dev/null
  sockets=$(dirname "$(stack_env MARIADB_SOCKET)")
  [ "${#sockets}" -lt 80 ] || fail "the path of the sockets is long: $sockets"
  stack stop
  expect_nothing_left
  [ ! -e "$sockets" ] || fail "$sockets is left"
}

make_database
run_tests
