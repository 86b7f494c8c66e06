#!/usr/bin/env bash
# sanitize.sh [tsan|asan]...: builds the C++ suites with the sanitizer and runs them; both, one after the other.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

"$ROOT/scripts/install.sh" run
cd "$ROOT"
[ $# -gt 0 ] || set -- tsan asan
failed=()
for preset in "$@"; do
  say "== $preset"
  log=$BUILD/configure_$preset.log
  mkdir -p "$BUILD"
  cmake --preset "$preset" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    die "the $preset build could not be configured" "all that cmake said is in $log"
  }
  cmake --build --preset "$preset" -j "$(nproc)"
  ctest --preset "$preset" -j "$(nproc)" </dev/null || failed+=("$preset")
done
if [ "${#failed[@]}" -gt 0 ]; then die "failed under: ${failed[*]}"; fi
