# shellcheck shell=bash
# Ends what a stack left running, its supervisor included. Sourced after supervisor.sh.

marked_pids() {
  local pid
  for pid in $(cd /proc && printf '%s\n' [0-9]*); do
    if marked "$pid"; then printf '%s\n' "$pid"; fi
  done
}

none_marked() { [ -z "$(marked_pids)" ]; }

signal_marked() {
  local pid
  for pid in $(marked_pids); do kill "-$1" "$pid" 2>/dev/null || true; done
}

end_leftovers() {
  if none_marked; then return 0; fi
  signal_marked TERM
  if ! wait_until 15 none_marked; then
    signal_marked KILL
    wait_until 5 none_marked || die "some processes of the stack could not be ended: $(marked_pids | tr '\n' ' ')"
  fi
}

supervisor_is_gone() { ! stack_is_up; }

# Ends every process, socket and port of the stack. Data and logs stay. Harmless when nothing runs.
stack_stop() {
  local pid
  if stack_is_up; then
    pid=$(supervisor_pid)
    kill -TERM "$pid" 2>/dev/null || true
    wait_until 60 supervisor_is_gone || true
  fi
  end_leftovers
  rm -f "$SUPERVISOR_PID" "$STACK_ENV" "$STATE_DIR/mariadb.pid"
  remove_sockets
}
