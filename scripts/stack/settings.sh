# shellcheck shell=bash
# What the environment says about the stack, with its defaults. Sourced.
# Ports may be 0: any free one, which `stack.sh env` then tells.

STATE_DIR=$(realpath -m "${STATE_DIR:-$ROOT/.state}")
HTTP_HOST=${HTTP_HOST:-127.0.0.1}
HTTP_PORT=${HTTP_PORT:-8080}
JOB_PORT=${JOB_PORT:-50051}
GENERATION_PORT=${GENERATION_PORT:-50052}
PROGRESS_PORT=${PROGRESS_PORT:-50053}
METRICS_PORT=${METRICS_PORT:-9091} # job_service's; the other parts' follow it
OLLAMA_URL=${OLLAMA_URL:-http://127.0.0.1:11434}

# The services and the Go sidecar listen here; only HTTP_HOST may open the web side to others.
GRPC_HOST=127.0.0.1

CONF_DIR=$STATE_DIR/conf
LOG_DIR=$STATE_DIR/log
MARIADB_DIR=$STATE_DIR/mariadb
REDIS_DIR=$STATE_DIR/redis
STACK_ENV=$STATE_DIR/stack.env

# Parts in the order in which a reader meets them. The stores are kept by the same supervisor.
SERVICES=(job_service generation_service progress_service http_bridge)
STORES=(mariadb redis)

# A path of a unix socket has at most 107 bytes; the longest name here has 16. A state folder that is deep, or whose
# name is trouble in a URL, gets a short folder elsewhere, which the link `sockets` remembers.
socket_dir() {
  if [ -L "$STATE_DIR/sockets" ]; then
    readlink "$STATE_DIR/sockets"
  else
    printf '%s' "$STATE_DIR/sockets"
  fi
}

make_state_dirs() {
  # The supervisor reads it as the beginning of a variable, in some places twice.
  if [[ $STATE_DIR == *%* ]]; then die "a state folder can't have a % in its path: $STATE_DIR" "choose another: STATE_DIR=/some/folder make run"; fi
  mkdir -p "$STATE_DIR" 2>/dev/null || die "cannot make the state folder $STATE_DIR" "choose another: STATE_DIR=/some/folder make run"
  chmod 700 "$STATE_DIR"
  mkdir -p "$CONF_DIR" "$LOG_DIR" "$REDIS_DIR"
  if [ "${#STATE_DIR}" -gt 80 ] || [[ $STATE_DIR == *[!A-Za-z0-9_./-]* ]]; then
    if [ ! -d "$STATE_DIR/sockets/" ]; then
      ln -sfn "$(mktemp -d "/tmp/genwatch-run.XXXXXXXX")" "$STATE_DIR/sockets"
    fi
  else
    mkdir -p "$STATE_DIR/sockets"
  fi
  set_sockets
}

set_sockets() {
  local dir
  dir=$(socket_dir)
  MARIADB_SOCKET=$dir/mariadb.sock
  REDIS_SOCKET=$dir/redis.sock
  SUPERVISOR_SOCKET=$dir/supervisor.sock
}

remove_sockets() {
  local dir
  dir=$(socket_dir)
  rm -rf "$dir"
  rm -f "$STATE_DIR/sockets"
}

# What a running stack wrote down about itself; wins over the environment, whose ports may be 0.
load_stack_env() {
  [ -r "$STACK_ENV" ] || return 1
  # shellcheck source=/dev/null
  source "$STACK_ENV"
  set_sockets
}

save_stack_env() {
  local name
  for name in STATE_DIR HTTP_HOST HTTP_PORT HTTP_URL JOB_PORT GENERATION_PORT PROGRESS_PORT JOB_METRICS_PORT \
    GENERATION_METRICS_PORT PROGRESS_METRICS_PORT BRIDGE_METRICS_PORT MARIADB_SOCKET REDIS_SOCKET OLLAMA_URL SIMULATED SIMULATOR_PORT; do
    printf '%s=%q\n' "$name" "${!name-}"
  done >"$STACK_ENV.new"
  mv "$STACK_ENV.new" "$STACK_ENV"
}
