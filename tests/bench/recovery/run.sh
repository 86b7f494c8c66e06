#!/usr/bin/env bash
# Seconds from the kill -9 of a worker until its job goes on with another: ours to the first text of the next attempt
# (the chaos scenario of that name), BullMQ's with default settings to the beginning of its processor. Both at a time,
# because the peer only waits.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../../scripts/lib.sh"
# shellcheck source=tests/bench/peer.sh
source "$ROOT/tests/bench/peer.sh"

trap end_peer EXIT
begin_peer
peer recovery.mjs 15 >"$PEER_DIR/median" &
waiting=$!
lines=$("$ROOT/scripts/chaos.sh" recovery)
wait "$waiting"
ours=$(sed -n 's/.*"name": *"recovery_p50_s".*"value": *\([0-9.]*\).*/\1/p' <<<"$lines")
theirs=$(cat "$PEER_DIR/median")
[ -n "$ours" ] || die "the scenario told no recovery_p50_s" "$lines"
printf '{"name": "recovery_p50_s", "value": %s, "unit": "s", "peer": %s, "ratio": %s, "peer_name": "BullMQ", "peer_kills": 15}\n' \
  "$ours" "$theirs" "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.3f", a / b }')"
