# shellcheck shell=bash
# What every script here shares: where things are, how it speaks, how it fails. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/.build
# shellcheck disable=SC2034 # used by those that source this
BIN=$BUILD/bin
# Servers are there on Debian, and not everybody's PATH has it.
PATH=$PATH:/usr/sbin

# say LINE..., warn LINE...: to the reader, and to the standard error.
say() { printf '%s\n' "$@"; }
warn() { printf '%s\n' "$@" >&2; }

# die MESSAGE [WHAT TO DO...]: the first line says what is wrong, the others what to do about it.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

now_ms() {
  local t=${EPOCHREALTIME/[.,]/}
  printf '%s' "$((t / 1000))"
}

# seconds_since MS: "3.2", counted from a value of now_ms.
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# step TEXT COMMAND...: runs one numbered step and says how long it took. STEPS, if set, is how many there will be.
STEP=0
step() {
  local text=$1 start
  shift
  STEP=$((STEP + 1))
  start=$(now_ms)
  say "[$STEP${STEPS:+/$STEPS}] $text"
  "$@"
  say "      done in $(seconds_since "$start") s"
}

# version_at_least HAVE WANT: compares dotted numbers; what follows a letter or a dash is ignored.
version_at_least() {
  local have=${1%%[!0-9.]*} want=$2
  [ -n "$have" ] && [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ]
}

# wait_until SECONDS COMMAND...: tries the command until it succeeds; 1 when the time is over.
wait_until() {
  local deadline=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}
