#!/usr/bin/env bash
# Durable submits a second by 64 callers: each answered when its row is committed (innodb_flush_log_at_trx_commit=1)
# and handed to the queue (Redis, AOF everysec). The model is held, so that nothing runs beside it.
# BENCH_JOBS and BENCH_ROUNDS for other sizes.
# shellcheck source=tests/bench/stack.sh
source "$(dirname "$0")/../stack.sh"

JOBS=${BENCH_JOBS:-20000}
ROUNDS=${BENCH_ROUNDS:-5}
CLIENTS=64

trap end_stack EXIT
begin_stack
mariadb --no-defaults --socket="$MARIADB_SOCKET" --user=genwatch \
  --execute "INSERT INTO ai_generation_model_holds (model, held_at) VALUES ('noop', UTC_TIMESTAMP(6))" genwatch
# The hold is known everywhere a second later; the first round is for the machine to warm up.
load warm noop 2000 "$CLIENTS" submits >&2
rates=()
for ((round = 1; round <= ROUNDS; ++round)); do
  rates+=("$(load "round$round" noop "$JOBS" "$CLIENTS" submits)")
  say "round $round: ${rates[-1]} submits/s" >&2
  stored=$(count_jobs "owner_id = 'round$round' AND status = 'queued'")
  [ "$stored" = "$JOBS" ] || die "$stored of $JOBS jobs are stored" "the ledger lost some, or ran them"
done
printf '{"name": "submits_per_s", "value": %s, "unit": "1/s", "clients": %d, "jobs": %d, "rounds": %d}\n' \
  "$(printf '%s\n' "${rates[@]}" | median)" "$CLIENTS" "$JOBS" "$ROUNDS"
