#!/usr/bin/env bash
# chaos.sh [NAME [SEED]]: carries out one scenario of tests/chaos, or all of them, one after the other, each alone.
# Each prints its figures, one JSON object a line: {"name": ..., "value": ..., "unit": ..., "seed": ...}. What else
# they say goes to the standard error, the logs of their processes to .build/chaos/NAME-SEED. The same seed is the
# same schedule of faults. Fails if anything that must show did not.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

SEED=${2:-1}
CHAOS=$BUILD/release/tests/chaos/chaos

"$ROOT/scripts/install.sh" test >&2
"$ROOT/scripts/build.sh" services bridge >&2
cmake --build "$BUILD/release" --target chaos >&2

# A scenario that is stopped for taking too long leaves its databases behind: they are here.
GENWATCH_TEST_TMP=$(mktemp -d /tmp/genwatch-chaos.XXXXXX)
export GENWATCH_TEST_TMP
trap 'rm -rf "$GENWATCH_TEST_TMP"' EXIT

mapfile -t names < <("$CHAOS" --list | sed -n 's/^\([a-z_]\+\).*/\1/p')
if [ -n "${1:-}" ]; then names=("$1"); fi
failed=()
for name in "${names[@]}"; do
  logs=$BUILD/chaos/$name-$SEED
  rm -rf "$logs"
  status=0
  "$CHAOS" "$name" --seed="$SEED" --logs="$logs" || status=$?
  # Bad usage: nothing was started.
  if [ "$status" = 2 ]; then exit 2; fi
  if [ "$status" != 0 ]; then failed+=("$name (status $status, logs in ${logs#"$ROOT"/})"); fi
done
if [ "${#failed[@]}" -gt 0 ]; then die "these scenarios failed, with seed $SEED:" "${failed[@]}"; fi
