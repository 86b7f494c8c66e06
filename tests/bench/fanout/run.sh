#!/usr/bin/env bash
# One job, 1,000 and then 5,000 SSE viewers, 20 chunks a second, through all parts, side by side with nchan, round by
# round in turn; and the memory of a viewer. BENCH_ROUNDS and BENCH_CHUNKS for other sizes, BENCH_SHORT=1 for one short round.
# shellcheck source=tests/bench/watching.sh
source "$(dirname "$0")/../watching.sh"

RATE=20
CHUNKS=${BENCH_CHUNKS:-$([ -n "${BENCH_SHORT:-}" ] && echo 60 || echo 180)}

trap end_watching EXIT
begin_nchan
begin_watching 4

watch 1 5000 "$RATE" 40 >/dev/null # the services learn how much to keep for so many calls
ours_1000=() theirs_1000=() ours_5000=() theirs_5000=()
for ((round = 1; round <= ROUNDS; ++round)); do
  restart_bridge
  ours_1000+=("$(watch 1 1000 "$RATE" "$CHUNKS")")
  theirs_1000+=("$(watch_nchan 1000 "$RATE" "$CHUNKS")")
  restart_bridge
  ours_5000+=("$(watch 1 5000 "$RATE" "$CHUNKS")")
  theirs_5000+=("$(watch_nchan 5000 "$RATE" "$CHUNKS")")
  require_whole "${ours_1000[-1]}"
  require_whole "${ours_5000[-1]}"
  say "round $round" "1000: ${ours_1000[-1]}" "nchan: ${theirs_1000[-1]}" "5000: ${ours_5000[-1]}" "nchan: ${theirs_5000[-1]}" >&2
done

# compare NAME FIELD UNIT OURS THEIRS: the names of two lists of lines.
compare() {
  local -n ours=$4 theirs=$5
  local value peer
  value=$(median_of "$2" "${ours[@]}") peer=$(median_of "$2" "${theirs[@]}")
  figure "$1" "$value" "$3" "$(beside "$value" "$peer")" "\"deliveries_per_s\": $(median_of deliveries_per_s "${ours[@]}")" \
    "\"frames_per_s\": $(median_of frames_per_s "${ours[@]}")" '"lost_bytes": 0' \
    "\"peer_deliveries_per_s\": $(median_of deliveries_per_s "${theirs[@]}")"
}
compare sse_1000x20_p50_ms p50_ms ms ours_1000 theirs_1000
compare sse_1000x20_p99_ms p99_ms ms ours_1000 theirs_1000
compare sse_5000x20_p50_ms p50_ms ms ours_5000 theirs_5000
compare sse_5000x20_p99_ms p99_ms ms ours_5000 theirs_5000
compare sse_5000x20_deliveries_per_s deliveries_per_s 1/s ours_5000 theirs_5000
# The peer is not started anew, and keeps its memory.
figure sse_kb_per_viewer "$(median_of kb_per_viewer "${ours_5000[@]}")" KB
