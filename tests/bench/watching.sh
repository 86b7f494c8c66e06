# shellcheck shell=bash
# What the benchmarks of many viewers share: a stack of their own with the bundled simulator, jobs that begin when their
# viewers are there, and the peer: nchan, an nginx module that fans messages out over SSE. Sourced.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
# shellcheck source=scripts/apt.sh
source "$ROOT/scripts/apt.sh"
# shellcheck source=scripts/stack/ports.sh
source "$ROOT/scripts/stack/ports.sh"

ROUNDS=${BENCH_ROUNDS:-5}
if [ -n "${BENCH_SHORT:-}" ]; then ROUNDS=${BENCH_ROUNDS:-1}; fi
MODEL=sim-bench:1b
# Of the nchan channel's messages, which carry a job's id as ours do.
PEER_JOB=job_0123456789abcdef0123456789abcdef

# CONCURRENT: how many jobs run at once.
begin_watching() {
  # Each viewer is a file here, and another one at the other end.
  ulimit -n "$(ulimit -H -n)"
  [ "$(ulimit -n)" -ge 6000 ] || [ "$(ulimit -n)" = unlimited ] ||
    die "only $(ulimit -n) open files are allowed, 5,000 viewers need 6,000" "raise it: ulimit -n, or LimitNOFILE="
  "$ROOT/scripts/build.sh" >&2
  cmake --build "$BUILD/release" --target bench_sse_load bench_nchan_publish >&2
  STATE_DIR=$(mktemp -d "/tmp/genwatch-bench.XXXXXXXX")
  OWN_STATE=$STATE_DIR
  export STATE_DIR HTTP_PORT=0 JOB_PORT=0 GENERATION_PORT=0 PROGRESS_PORT=0 METRICS_PORT=0
  # Nothing answers there: the bundled simulator serves.
  export OLLAMA_URL=http://127.0.0.1:1
  export GENWATCH_MAX_CONCURRENT=$1
  "$ROOT/scripts/stack.sh" start >&2
  # shellcheck source=/dev/null
  source "$STATE_DIR/stack.env"
}

# Also of what has not begun.
end_watching() {
  if [ -n "${NCHAN_PID:-}" ]; then
    kill "$NCHAN_PID" 2>/dev/null || true
    wait "$NCHAN_PID" 2>/dev/null || true
  fi
  rm -rf "${NCHAN_DIR:-}"
  [ -n "${OWN_STATE:-}" ] || return 0
  "$ROOT/scripts/stack.sh" stop >&2 || true
  rm -rf "$OWN_STATE"
}

# A new bridge, whose code has been read from the disk: what the one before has learnt to keep, and that, is no viewer's.
restart_bridge() {
  "$ROOT/scripts/stack.sh" restart http_bridge >/dev/null
  watch 1 20 20 10 >/dev/null
}

post() { curl -fsS -X POST "$HTTP_URL$1" -H 'Content-Type: application/json' -d "$2"; }

# The process of each part of the stack, as options of the load client.
part_pids() {
  local name
  for name in job_service generation_service progress_service http_bridge; do
    printf -- '--pid %s ' "$(pgrep -P "$(cat "$STATE_DIR/supervisord.pid")" -f "/$name ")"
  done
}

# submit_held JOBS RATE CHUNKS: submits jobs of that many chunks that wait for `release`; JOB_PATHS are their streams.
submit_held() {
  post "/api/v1/models/$MODEL:hold" '{"note": "until the viewers are there"}' >/dev/null
  local body ids
  body="{\"model\":\"$MODEL\",\"prompt\":\"[[sim: rate=$2]] a job\",\"options\":{\"num_predict\":$3}}"
  ids=$(seq "$1" | xargs -P 4 -I '{}' curl -fsS -X POST "$HTTP_URL/api/v1/ai/generate" -H 'Content-Type: application/json' \
    -d "$body" | grep -oE 'job_[0-9a-f]{32}' | sort -u)
  [ "$(wc -l <<<"$ids")" = "$1" ] || die "not all of $1 jobs were accepted"
  mapfile -t JOB_PATHS < <(awk '{ print "/api/v1/ai/generation/" $0 "/progress?text=true&max_rate=0" }' <<<"$ids")
}

# watch JOBS VIEWERS RATE CHUNKS [OPTIONS OF bench_sse_load...]: what the viewers were given, as one line of JSON.
watch() {
  local jobs=$1 viewers=$2 rate=$3 chunks=$4
  shift 4
  submit_held "$jobs" "$rate" "$chunks"
  # shellcheck disable=SC2046 # options
  "$BUILD/release/tests/bench/bench_sse_load" 127.0.0.1 "$HTTP_PORT" "$viewers" "$chunks" --warm_up "$rate" $(part_pids) \
    --start "curl -s -X POST '$HTTP_URL/api/v1/models/$MODEL:release' -H 'Content-Type: application/json' -d '{}'" \
    "$@" "${JOB_PATHS[@]}"
}

begin_nchan() {
  local missing
  mapfile -t missing < <(missing_packages <(printf 'nginx\nlibnginx-mod-nchan\n'))
  if [ "${#missing[@]}" -gt 0 ]; then apt_install "${missing[@]}" >&2; fi
  NCHAN_DIR=$(mktemp -d "/tmp/genwatch-nchan.XXXXXXXX")
  free_port
  NCHAN_PORT=$FREE_PORT
  local user=
  [ "$(id -u)" != 0 ] || user='user root;'
  cat >"$NCHAN_DIR/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
$user
daemon off;
worker_processes 1;
worker_rlimit_nofile $(ulimit -n | sed 's/unlimited/65536/');
pid $NCHAN_DIR/pid;
error_log $NCHAN_DIR/error.log;
events { worker_connections 6000; }
http {
  access_log off;
  client_body_temp_path $NCHAN_DIR/body;
  proxy_temp_path $NCHAN_DIR/proxy;
  fastcgi_temp_path $NCHAN_DIR/fastcgi;
  uwsgi_temp_path $NCHAN_DIR/uwsgi;
  scgi_temp_path $NCHAN_DIR/scgi;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:$NCHAN_PORT backlog=4096;
    location /publish { nchan_publisher; nchan_channel_id \$arg_id; nchan_message_buffer_length 1000; }
    location /subscribe { nchan_subscriber eventsource; nchan_channel_id \$arg_id; nchan_subscriber_first_message newest; }
  }
}
CONF
  nginx -e "$NCHAN_DIR/error.log" -c "$NCHAN_DIR/nginx.conf" >"$NCHAN_DIR/out" 2>&1 &
  NCHAN_PID=$!
  wait_until 10 curl -fs -o /dev/null -d x "http://127.0.0.1:$NCHAN_PORT/publish?id=probe" ||
    die "nginx does not answer" "$(tail -n 3 "$NCHAN_DIR/out" "$NCHAN_DIR/error.log")"
}

# watch_nchan VIEWERS RATE CHUNKS: the same of one channel of the peer, whose source is a publisher beside it.
watch_nchan() {
  local viewers=$1 rate=$2 chunks=$3 channel=c$RANDOM$RANDOM
  "$BUILD/release/tests/bench/bench_sse_load" 127.0.0.1 "$NCHAN_PORT" "$viewers" "$chunks" --warm_up "$rate" \
    --pid "$(pgrep -P "$NCHAN_PID" | head -n 1)" \
    --start "'$BUILD/release/tests/bench/bench_nchan_publish' $NCHAN_PORT '/publish?id=$channel' $PEER_JOB $rate $chunks" \
    "/subscribe?id=$channel"
}

# field NAME LINE: a number of one line of JSON.
field() { sed -n "s/.*\"$1\": \(-\{0,1\}[0-9.]*\).*/\1/p" <<<"$2"; }

# require_whole LINE: nothing was lost and nothing came twice.
require_whole() {
  local name
  for name in missing_bytes missing_chunks repeated_bytes closed; do
    [ "$(field "$name" "$1")" = 0 ] || die "$name is $(field "$name" "$1")" "$1"
  done
}

# median_of NAME LINES...: of that number of all lines.
median_of() {
  local name=$1 line
  shift
  for line in "$@"; do field "$name" "$line"; done | sort -g |
    awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# figure NAME VALUE UNIT [REST...]: one line of JSON; REST are more members.
figure() {
  local name=$1 value=$2 unit=$3
  shift 3
  printf '{"name": "%s", "value": %s, "unit": "%s"' "$name" "$value" "$unit"
  if [ $# -gt 0 ]; then printf ', %s' "$@"; fi
  printf ', "rounds": %d}\n' "$ROUNDS"
}

# beside VALUE PEER: the members that compare with the peer.
beside() {
  printf '"peer": %s, "ratio": %s, "peer_name": "nchan"' "$2" "$(awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }')"
}
