#!/usr/bin/env bash
# shellcheck source=tests/scripts/harness.sh
source "$(dirname "$0")/harness.sh"
# shellcheck source=scripts/counts.sh
source "$ROOT/scripts/counts.sh"

test_a_skipped_or_failed_or_disabled_test_of_a_junit_report_counts_as_failed() {
  cat >"$TEST_DIR/report.xml" <<'XML'
<testsuites name="all" tests="99" failures="99">
<testsuite name="one" tests="5" failures="1" errors="0" skipped="1" time="3"></testsuite>
<testsuite name="two"
	timestamp="x"
	tests="10" failures="0" disabled="2" skipped="0"></testsuite>
</testsuites>
XML
  expect_equal "$(counts_of_junit "$TEST_DIR/report.xml")" "11 4"
}

test_a_missing_report_counts_nothing() { expect_equal "$(counts_of_junit "$TEST_DIR/none.xml")" "0 0"; }

test_subtests_of_go_count_and_a_skipped_one_is_a_failure() {
  cat >"$TEST_DIR/go.txt" <<'TXT'
=== RUN   TestA
    --- PASS: TestA/x (0.00s)
    --- SKIP: TestA/y (0.00s)
--- PASS: TestA (0.00s)
--- FAIL: TestB (0.01s)
FAIL	example/broken [build failed]
TXT
  expect_equal "$(counts_of_go "$TEST_DIR/go.txt")" "2 2"
}

test_a_closing_line_counts_and_a_missing_one_counts_nothing() {
  printf 'x\n12 passed, 3 failed\n' >"$TEST_DIR/a.txt"
  expect_equal "$(counts_of_line "$TEST_DIR/a.txt")" "12 3"
  expect_equal "$(counts_of_line /dev/null)" "0 0"
}

run_tests
