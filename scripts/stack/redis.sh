# shellcheck shell=bash
# The private Redis, reached over a unix socket only. Sourced after settings.sh.

redis_config() {
  # A title of its own making would overwrite the environment, by which a crashed stack's processes are recognised.
  cat >"$CONF_DIR/redis.conf" <<CONF
port 0
unixsocket "$REDIS_SOCKET"
unixsocketperm 700
dir "$REDIS_DIR"
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
set-proc-title no
CONF
}

redis_answers() { [ "$(redis-cli -s "$REDIS_SOCKET" ping 2>/dev/null)" = PONG ]; }
