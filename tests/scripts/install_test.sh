#!/usr/bin/env bash
# shellcheck source=tests/scripts/harness.sh
source "$(dirname "$0")/harness.sh"
# shellcheck source=scripts/apt.sh
source "$ROOT/scripts/apt.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"

test_only_packages_that_are_not_installed_are_missing() {
  printf '# a comment\nbash  # here\n\nno-such-package\n' >"$TEST_DIR/list.txt"
  expect_equal "$(missing_packages "$TEST_DIR/list.txt")" no-such-package
}

test_without_root_the_missing_packages_and_the_command_are_told() {
  id() { echo 1000; }
  sudo() { return 1; }
  local said
  if said=$(require_root no-such-package other 2>&1); then fail "went on without root"; fi
  expect_text "$said" "missing packages: no-such-package other" \
    "apt-get update && apt-get install --no-install-recommends no-such-package other"
}

test_versions_are_compared_by_number() {
  version_at_least 1.25 1.25 || fail "1.25 is 1.25"
  version_at_least 1.100.1 1.25 || fail "1.100.1 is newer than 1.25"
  version_at_least 1.25rc1 1.25 || fail "a suffix is ignored"
  if version_at_least 1.9.7 1.25; then fail "1.9.7 is older than 1.25"; fi
  if version_at_least '' 1.25; then fail "nothing is older than 1.25"; fi
}

test_everything_that_building_needs_is_installed() {
  expect_equal "$(missing_packages "$ROOT"/scripts/packages.txt "$ROOT"/scripts/packages_test.txt)" ""
  use_go || fail "no Go"
  use_node || fail "no Node"
}

run_tests
