# shellcheck shell=bash
# The supervisor (supervisord): its configuration, and talking to it. It restarts what dies, waiting a second longer
# each time, and stops the parts in the opposite order of their dependence. Sourced after the parts' own files.

SUPERVISOR_CONF=$CONF_DIR/supervisord.conf
SUPERVISOR_PID=$STATE_DIR/supervisord.pid
# Every process of the stack inherits this, which is how a crashed stack's leftovers are recognised.
STACK_MARK=GWSTACK_DIR=$STATE_DIR

# In supervisor's files a percent sign begins an expansion.
ini_escape() { printf '%s' "${1//%/%%}"; }

# program NAME SECONDS_TO_STOP AUTOSTART COMMAND...
program() {
  local name=$1 stop=$2 autostart=$3 word command=
  shift 3
  for word in "$@"; do command+="\"$(ini_escape "$word")\" "; done
  cat <<INI
[program:$name]
command=$command
autostart=$autostart
autorestart=true
startsecs=1
startretries=20
stopwaitsecs=$stop
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=$(ini_escape "$LOG_DIR/$name.log")
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2

INI
}

# group PRIORITY NAMES: started in rising, stopped in falling order; all of one group at once.
group() { printf '[group:group%s]\nprograms=%s\npriority=%s\n\n' "$1" "$2" "$1"; }

supervisor_config() {
  local common=(--host="$GRPC_HOST" --reflection --dev_identity --log_format=text --drain_seconds=2)
  local ledger=$GRPC_HOST:$JOB_PORT worker=$GRPC_HOST:$GENERATION_PORT progress=$GRPC_HOST:$PROGRESS_PORT
  local release=$BUILD/release user=
  [ "$(id -u)" != 0 ] || user=user=root
  {
    cat <<INI
[unix_http_server]
file=$(ini_escape "$SUPERVISOR_SOCKET")
chmod=0700

[supervisord]
$user
directory=$(ini_escape "$ROOT")
pidfile=$(ini_escape "$SUPERVISOR_PID")
logfile=$(ini_escape "$LOG_DIR/supervisord.log")
logfile_maxbytes=5MB
logfile_backups=1
childlogdir=$(ini_escape "$LOG_DIR")

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://$(ini_escape "$SUPERVISOR_SOCKET")

INI
    program mariadb 30 true "$(command -v mariadbd)" --defaults-file="$CONF_DIR/mariadb.cnf"
    program redis 10 true "$(command -v redis-server)" "$CONF_DIR/redis.conf"
    program job_service 10 false "$release/job_service/job_service" "${common[@]}" --port="$JOB_PORT" \
      --metrics_port="$JOB_METRICS_PORT" --mariadb_socket="$MARIADB_SOCKET" --mariadb_user=genwatch \
      --mariadb_database=genwatch --redis="unix:$REDIS_SOCKET" --operators=dev
    program generation_service 10 false "$release/generation_service/generation_service" "${common[@]}" \
      --port="$GENERATION_PORT" --metrics_port="$GENERATION_METRICS_PORT" --job_service="$ledger" \
      --ollama_url="$OLLAMA_URL" --advertise="$worker"
    program progress_service 10 false "$release/progress_service/progress_service" "${common[@]}" \
      --port="$PROGRESS_PORT" --metrics_port="$PROGRESS_METRICS_PORT" --job_service="$ledger" --generation="$worker"
    program http_bridge 10 false "$BIN/http_bridge" --http_host="$HTTP_HOST" --http_port="$HTTP_PORT" \
      --job_service="$ledger" --progress_service="$progress" --metrics_port="$BRIDGE_METRICS_PORT" --dev_user=dev \
      --log_format=text --drain_seconds=2
    if [ "$SIMULATED" = 1 ]; then
      program ollama_sim 5 false "$SIMULATOR" --host=127.0.0.1 --port="$SIMULATOR_PORT"
      group 20 ollama_sim
    fi
    group 10 mariadb,redis
    group 30 job_service
    group 40 generation_service,progress_service,http_bridge
  } >"$SUPERVISOR_CONF"
}

marked() { grep -zqsxF "$STACK_MARK" "/proc/$1/environ"; }

supervisor_pid() { cat "$SUPERVISOR_PID" 2>/dev/null; }

stack_is_up() {
  local pid
  pid=$(supervisor_pid) && [ -n "$pid" ] && marked "$pid"
}

supervisor_start() {
  env "$STACK_MARK" supervisord -c "$SUPERVISOR_CONF" 9>&- || die "the supervisor did not start" "see $LOG_DIR/supervisord.log"
  wait_until 10 test -s "$SUPERVISOR_PID" || die "the supervisor did not come up" "see $LOG_DIR/supervisord.log"
}

supervisor_ctl() { supervisorctl -c "$SUPERVISOR_CONF" "$@"; }

# full_name PART: what the supervisor calls it.
full_name() { supervisor_ctl avail 2>/dev/null | sed -n "s/^\([a-z0-9]*:$1\) .*/\1/p"; }

# The parts that died since they were started and have not come back, one a line.
broken_parts() {
  supervisor_ctl status 2>/dev/null | sed -n 's/^[a-z0-9]*:\([a-z_]*\) *\(BACKOFF\|FATAL\|EXITED\|UNKNOWN\).*/\1/p'
}
