#!/usr/bin/env bash
# The most that the whole chain delivers to 5,000 SSE viewers of one job that makes 60 chunks a second, more than fits in
# frames of their own; and 500 jobs at once with 10 viewers each, 5 chunks a second.
# BENCH_ROUNDS and BENCH_SECONDS for other sizes, BENCH_SHORT=1 for one short round.
# shellcheck source=tests/bench/watching.sh
source "$(dirname "$0")/../watching.sh"

MAX_RATE=60
JOBS_RATE=5
SECONDS_LONG=${BENCH_SECONDS:-$([ -n "${BENCH_SHORT:-}" ] && echo 3 || echo 8)}

trap end_watching EXIT
begin_watching 500

watch 1 5000 20 40 >/dev/null # the services learn how much to keep for so many calls
most=() many=()
for ((round = 1; round <= ROUNDS; ++round)); do
  most+=("$(watch 1 5000 "$MAX_RATE" $((MAX_RATE * SECONDS_LONG)))")
  # Twice as long: the jobs begin over a second or more.
  many+=("$(watch 500 5000 "$JOBS_RATE" $((JOBS_RATE * SECONDS_LONG * 2)))")
  require_whole "${most[-1]}"
  require_whole "${many[-1]}"
  say "round $round" "most: ${most[-1]}" "many: ${many[-1]}" >&2
done
# beside_it LINES...: what is printed with each figure.
beside_it() {
  printf '"frames_per_s": %s, "p99_ms": %s, "lost_bytes": 0' "$(median_of frames_per_s "$@")" "$(median_of p99_ms "$@")"
}
figure sse_max_deliveries_per_s "$(median_of deliveries_per_s "${most[@]}")" 1/s "$(beside_it "${most[@]}")" "\"asked_per_s\": $((5000 * MAX_RATE))"
figure sse_500x10_p50_ms "$(median_of p50_ms "${many[@]}")" ms "$(beside_it "${many[@]}")"
figure sse_500x10_p99_ms "$(median_of p99_ms "${many[@]}")" ms "$(beside_it "${many[@]}")"
