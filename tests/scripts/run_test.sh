#!/usr/bin/env bash
# `make run` as a person uses it: in the foreground, ended by a signal.
# shellcheck source=tests/scripts/harness.sh
source "$(dirname "$0")/harness.sh"

up() { grep -q 'Genwatch is up' "$TEST_DIR/said"; }
gone() { ! kill -0 "$HELPER" 2>/dev/null; }

# In a session of its own and with no signal ignored, as a terminal would start it.
begin() {
  # shellcheck disable=SC2016 # for the inner shell
  setsid --fork env --default-signal bash -c 'echo $$ >"$0/pid"; exec "$@"' "$TEST_DIR" "$@" >"$TEST_DIR/said" 2>&1 </dev/null
  wait_until 5 test -s "$TEST_DIR/pid"
  HELPER=$(cat "$TEST_DIR/pid")
  wait_until 240 up || fail "did not come up:" "$(cat "$TEST_DIR/said")"
}

expect_clean_end() {
  wait_until 30 gone || fail "did not end:" "$(cat "$TEST_DIR/said")"
  expect_nothing_left "$@"
}

test_make_run_numbers_its_steps_says_where_it_is_and_sigterm_to_make_ends_it_all() {
  begin make -C "$ROOT" run
  local port
  port=$(stack_env HTTP_PORT)
  expect_text "$(cat "$TEST_DIR/said")" "[1/8]" "[8/8]" "done in" "http://127.0.0.1:$port" "curl -N" grpcurl
  expect_text "$("$ROOT/.build/bin/grpcurl" -plaintext -d '{"service": "readiness"}' "127.0.0.1:$(stack_env JOB_PORT)" \
    grpc.health.v1.Health/Check)" '"SERVING"'
  expect_text "$(make -C "$ROOT" run)" "runs already" "http://127.0.0.1:$port"
  kill -TERM "$HELPER"
  expect_clean_end "$port"
}

test_the_keys_that_interrupt_end_it_all() {
  begin "$ROOT/scripts/run.sh"
  local port
  port=$(stack_env HTTP_PORT)
  # A terminal sends it to the whole foreground group.
  kill -INT -- "-$HELPER"
  expect_clean_end "$port"
  expect_text "$(cat "$TEST_DIR/said")" "stopped; the data stays in"
}

test_clean_state_refuses_while_something_runs_and_removes_all_after_make_stop() {
  begin "$ROOT/scripts/run.sh"
  local said
  if said=$("$ROOT/scripts/clean_state.sh" 2>&1); then fail "removed a state in use"; fi
  expect_text "$said" "something runs from"
  make -C "$ROOT" stop
  expect_clean_end
  expect_text "$(tail -n 1 "$TEST_DIR/said")" "stopped; the data stays in"
  "$ROOT/scripts/clean_state.sh" >/dev/null
  [ ! -e "$STATE_DIR" ] || fail "the state folder is still there"
}

make_database
run_tests
