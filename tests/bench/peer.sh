# shellcheck shell=bash
# The peer: BullMQ from npm, on a server of its own of the same Redis program, AOF everysec. Sourced after lib.sh.

PEER=$ROOT/tests/bench/bullmq

begin_peer() {
  # Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which some mirrors do not have.
  (cd "$PEER" && npm install --no-save --no-audit --no-fund) >&2
  PEER_DIR=$(mktemp -d "/tmp/genwatch-peer.XXXXXXXX")
  redis-server --port 0 --unixsocket "$PEER_DIR/r.sock" --dir "$PEER_DIR" --appendonly yes --appendfsync everysec \
    --save "" >"$PEER_DIR/log" 2>&1 &
  PEER_REDIS=$!
  until redis-cli -s "$PEER_DIR/r.sock" ping >/dev/null 2>&1; do
    kill -0 "$PEER_REDIS" 2>/dev/null || die "the peer's Redis ended" "$(tail -n 3 "$PEER_DIR/log")"
    sleep 0.05
  done
}

# Also of one that has not begun.
end_peer() {
  [ -n "${PEER_DIR:-}" ] || return 0
  if [ -n "${PEER_REDIS:-}" ]; then
    kill "$PEER_REDIS" 2>/dev/null || true
    wait "$PEER_REDIS" 2>/dev/null || true
  fi
  rm -rf "$PEER_DIR"
}

# SCRIPT ARGUMENTS...: what it prints.
peer() { node "$PEER/$1" "$PEER_DIR/r.sock" "${@:2}"; }
