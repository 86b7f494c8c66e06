# shellcheck shell=bash
# Starting a whole stack, step by step. Sourced after everything else in this folder.

STACK_STEPS=4

prepare_stack() {
  local program
  for program in mariadbd mariadb mariadb-install-db redis-server redis-cli supervisord supervisorctl ss curl; do
    command -v "$program" >/dev/null || die "$program is not installed" "scripts/install.sh run"
  done
  for program in "$BUILD"/release/{job_service/job_service,generation_service/generation_service,progress_service/progress_service} \
    "$BIN"/{http_bridge,migrate,grpcurl}; do
    [ -x "$program" ] || die "${program#"$ROOT"/} has not been built" "make build"
  done
  make_state_dirs
  end_leftovers
  claim_ports
  choose_model_server
  if [ "$SIMULATED" = 1 ] && [ ! -x "$SIMULATOR" ]; then die "${SIMULATOR#"$ROOT"/} has not been built" "make build"; fi
  mariadb_config
  redis_config
  supervisor_config
}

start_stores() {
  mariadb_install
  supervisor_start
  await_parts 60 "${STORES[@]}"
}

start_services() {
  local parts=("${SERVICES[@]}") starter
  if [ "$SIMULATED" = 1 ]; then parts=(ollama_sim "${parts[@]}"); fi
  supervisor_ctl start all >"$LOG_DIR/start.log" 2>&1 9>&- &
  starter=$!
  await_parts 30 "${parts[@]}"
  wait "$starter" || true
  save_stack_env
}

# Leaves nothing behind when a step fails: the caller's trap on EXIT stops the stack.
stack_start() {
  step "checking ports, writing the configuration into $STATE_DIR" prepare_stack
  step "starting MariaDB and Redis" start_stores
  step "applying the migrations" apply_migrations
  step "starting the services, waiting until all are healthy" start_services
}

tell_running() {
  load_stack_env
  say "Genwatch runs already, from $STATE_DIR: $HTTP_URL"
  say "(stop it with Ctrl-C where it was started, or: make stop)"
}
