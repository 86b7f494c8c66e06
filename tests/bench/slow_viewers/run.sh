#!/usr/bin/env bash
# 100 viewers who read 1 KB a second beside 500 healthy ones, for 5 minutes, 20 chunks a second: what the slow ones cost in
# memory (the services' and the kernel's), and what they do to the others, against the same without them before and after.
# BENCH_SECONDS for another time, BENCH_SHORT=1 for a short one.
# shellcheck source=tests/bench/watching.sh
source "$(dirname "$0")/../watching.sh"

RATE=20
LONG=${BENCH_SECONDS:-$([ -n "${BENCH_SHORT:-}" ] && echo 15 || echo 300)}
ALONE=$((LONG < 40 ? LONG : 40))
# shellcheck disable=SC2034 # printed with each figure
ROUNDS=1

trap end_watching EXIT
begin_watching 4

watch 1 5000 "$RATE" 40 >/dev/null # the services learn how much to keep for so many calls
before=$(watch 1 500 "$RATE" $((RATE * ALONE)))
beside=$(watch 1 500 "$RATE" $((RATE * LONG)) --slow 100)
after=$(watch 1 500 "$RATE" $((RATE * ALONE)))
say "without: $before" "with: $beside" "without: $after" >&2
for line in "$before" "$beside" "$after"; do require_whole "$line"; done
[ "$(field slow_closed "$beside")" = 0 ] || die "$(field slow_closed "$beside") slow viewers were dropped although they read"
alone=$(median_of p99_ms "$before" "$after")
with=$(field p99_ms "$beside")
figure slow_viewer_mb "$(awk -v a="$(field growth_mb "$beside")" -v b="$(median_of growth_mb "$before" "$after")" 'BEGIN { printf "%.3f", a - b }')" \
  MB "\"seconds\": $LONG" "\"slow_bytes\": $(field slow_bytes "$beside")"
figure slow_viewer_p99_ratio "$(awk -v a="$with" -v b="$alone" 'BEGIN { printf "%.3f", a / b }')" ratio "\"p99_ms\": $with" "\"alone_p99_ms\": $alone"
