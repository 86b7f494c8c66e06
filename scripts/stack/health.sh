# shellcheck shell=bash
# Waiting until the parts are ready, and saying which is not. Sourced after supervisor.sh.

grpc_ready() {
  "$BIN/grpcurl" -plaintext -max-time 1 -import-path "$ROOT/protos/third_party" -proto grpc/health/v1/health.proto \
    -d '{"service": "readiness"}' "$GRPC_HOST:$1" grpc.health.v1.Health/Check 2>/dev/null | grep -q '"SERVING"'
}

part_ready() {
  case $1 in
    mariadb) mariadb_answers ;;
    redis) redis_answers ;;
    ollama_sim) model_server_answers "$OLLAMA_URL" ;;
    job_service) grpc_ready "$JOB_PORT" ;;
    generation_service) grpc_ready "$GENERATION_PORT" ;;
    progress_service) grpc_ready "$PROGRESS_PORT" ;;
    http_bridge) curl -fsS -m 1 -o /dev/null "$HTTP_URL/readyz" 2>/dev/null ;;
    *) die "no part is called '$1'" ;;
  esac
}

tell_log() {
  warn "--- the end of $LOG_DIR/$1.log"
  tail -n 15 "$LOG_DIR/$1.log" >&2 2>/dev/null || true
  warn '---'
}

# await_parts SECONDS PART...: until all are ready. Fails at once when one of them exits, else after the time.
await_parts() {
  local deadline=$(($(now_ms) + $1 * 1000)) next_look pending=("${@:2}") waiting part broken
  next_look=$(($(now_ms) + 1500))
  while :; do
    waiting=()
    for part in "${pending[@]}"; do part_ready "$part" || waiting+=("$part"); done
    if [ "${#waiting[@]}" = 0 ]; then return 0; fi
    pending=("${waiting[@]}")
    if [ "$(now_ms)" -ge "$next_look" ]; then
      stack_is_up || die "the supervisor ended" "see $LOG_DIR/supervisord.log"
      for broken in $(broken_parts); do
        tell_log "$broken"
        die "$broken does not stay up" "its log is $LOG_DIR/$broken.log"
      done
      next_look=$(($(now_ms) + 1000))
    fi
    if [ "$(now_ms)" -ge "$deadline" ]; then
      for part in "${pending[@]}"; do tell_log "$part"; done
      die "not ready within $1 s: ${pending[*]}" "the logs are in $LOG_DIR"
    fi
    sleep 0.05
  done
}
