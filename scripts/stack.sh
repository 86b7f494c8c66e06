#!/usr/bin/env bash
# stack.sh COMMAND: the one way in which the whole stack is started and stopped: by `make run`, the browser tests and
# the benchmarks. Which stack is meant is said by STATE_DIR; scripts/stack/settings.sh has the other settings.
#   start        starts all in the background; returns when all are healthy; if it fails, nothing is left running
#   stop         ends all of it; data stays
#   status       what runs; fails when nothing does
#   env          the running stack's addresses, as NAME=value lines
#   restart PART replaces one part, and waits until it is healthy
#   migrate ...  golang-migrate on the private MariaDB, with these arguments
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/running.sh
source "$ROOT/scripts/running.sh"

start() {
  lock_stack
  if stack_is_up; then
    tell_running
    return 0
  fi
  STEPS=$STACK_STEPS
  trap 'stack_stop' EXIT
  trap 'exit 130' INT TERM HUP
  stack_start
  trap - EXIT
  tell_model_server
  say "healthy: $HTTP_URL"
}

case ${1:-} in
  start) start ;;
  stop)
    set_sockets
    stack_stop
    ;;
  status)
    require_running
    say "$HTTP_URL"
    supervisor_ctl status
    ;;
  env)
    require_running
    cat "$STACK_ENV"
    ;;
  restart)
    require_running
    name=$(full_name "${2:?which part?}")
    [ -n "$name" ] || die "no part is called '$2'" "parts: ${SERVICES[*]} ${STORES[*]} ollama_sim"
    supervisor_ctl restart "$name"
    await_parts 30 "$2"
    ;;
  migrate)
    require_running
    migrate_tool "${@:2}"
    ;;
  *) die "unknown command '${1:-}'" "$(sed -n 's/^#   //p' "$0" | cut -c -60 | tr '\n' ';')" ;;
esac
