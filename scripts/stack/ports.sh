# shellcheck shell=bash
# Which TCP ports the stack takes. Sourced after settings.sh.

port_in_use() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

# "redis-server (pid 12)", or "another program" where this user may not see it.
port_user() {
  local who
  who=$(ss -Hltnp "sport = :$1" | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1)
  printf '%s' "${who:-another program}"
}

# Below the range that the kernel hands out for outgoing connections, so that none of these takes it meanwhile.
TAKEN_PORTS=' '
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    if [[ $TAKEN_PORTS != *" $port "* ]] && ! port_in_use "$port"; then break; fi
  done
  TAKEN_PORTS+="$port "
  FREE_PORT=$port
}

# claim_port VARIABLE: the variable holds a port number that is free, or 0, which is replaced by one. What is
# wrong is added to PORT_PROBLEMS, so that all are told at once.
PORT_PROBLEMS=()
claim_port() {
  local name=$1 port=${!1}
  if ! [[ $port =~ ^[0-9]{1,5}$ ]] || [ "$port" -gt 65535 ]; then
    PORT_PROBLEMS+=("$name=$port is not a port (0 to 65535)")
  elif [ "$port" -eq 0 ]; then
    free_port
    printf -v "$name" '%s' "$FREE_PORT"
  elif [[ $TAKEN_PORTS == *" $port "* ]]; then
    PORT_PROBLEMS+=("$name=$port is used twice among the settings")
  elif port_in_use "$port"; then
    PORT_PROBLEMS+=("port $port ($name) is in use by $(port_user "$port"); stop that, or choose another: $name=$((port + 1000)) make run")
  else
    TAKEN_PORTS+="$port "
  fi
}

claim_ports() {
  local name offset=0
  for name in JOB GENERATION PROGRESS BRIDGE; do
    if [[ $METRICS_PORT =~ ^[0-9]+$ ]] && [ "$METRICS_PORT" -gt 0 ]; then
      printf -v "${name}_METRICS_PORT" '%s' $((METRICS_PORT + offset))
    else
      printf -v "${name}_METRICS_PORT" '%s' "$METRICS_PORT"
    fi
    offset=$((offset + 1))
  done
  for name in HTTP_PORT JOB_PORT GENERATION_PORT PROGRESS_PORT JOB_METRICS_PORT GENERATION_METRICS_PORT \
    PROGRESS_METRICS_PORT BRIDGE_METRICS_PORT; do
    claim_port "$name"
  done
  if [ "${#PORT_PROBLEMS[@]}" -gt 0 ]; then die "${PORT_PROBLEMS[@]}"; fi
  local shown=$HTTP_HOST
  case $shown in 0.0.0.0 | '' | ::) shown=127.0.0.1 ;; *:*) shown="[$shown]" ;; esac
  HTTP_URL=http://$shown:$HTTP_PORT
}
