#!/usr/bin/env bash
# Jobs a second from submit to stored result, with a worker that completes them at once: client, job_service and worker
# are three processes that speak gRPC, and every row is counted afterwards. Side by side with BullMQ (add and process
# in one node process, concurrency 50) on a server of the same Redis program, AOF everysec, round by round in turn.
# BENCH_JOBS and BENCH_ROUNDS for other sizes.
# shellcheck source=tests/bench/stack.sh
source "$(dirname "$0")/../stack.sh"
# shellcheck source=tests/bench/peer.sh
source "$ROOT/tests/bench/peer.sh"

JOBS=${BENCH_JOBS:-10000}
ROUNDS=${BENCH_ROUNDS:-5}
CLIENTS=50
export GENWATCH_MAX_CONCURRENT=50

end_all() {
  end_stack
  end_peer
}
trap end_all EXIT
begin_peer
begin_stack

load warm noop 1000 "$CLIENTS" jobs >&2
peer jobs.mjs 1000 50 >&2
ours=()
theirs=()
for ((round = 1; round <= ROUNDS; ++round)); do
  ours+=("$(load "round$round" noop "$JOBS" "$CLIENTS" jobs)")
  done_jobs=$(count_jobs "owner_id = 'round$round' AND status = 'completed' AND attempt = 1 AND answer_bytes > 0")
  [ "$done_jobs" = "$JOBS" ] || die "$done_jobs of $JOBS jobs are completed, once and with their text" "see $STATE_DIR"
  theirs+=("$(peer jobs.mjs "$JOBS" 50)")
  say "round $round: ${ours[-1]} jobs/s, BullMQ ${theirs[-1]}" >&2
done
our_rate=$(printf '%s\n' "${ours[@]}" | median)
their_rate=$(printf '%s\n' "${theirs[@]}" | median)
printf '{"name": "jobs_per_s_noop", "value": %s, "unit": "1/s", "peer": %s, "ratio": %s, "peer_name": "BullMQ", "clients": %d, "jobs": %d, "rounds": %d}\n' \
  "$our_rate" "$their_rate" "$(awk -v a="$our_rate" -v b="$their_rate" 'BEGIN { printf "%.3f", a / b }')" \
  "$CLIENTS" "$JOBS" "$ROUNDS"
