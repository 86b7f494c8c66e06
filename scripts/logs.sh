#!/usr/bin/env bash
# logs.sh [PART]: follows the logs of the stack, or of one part.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/stack/all.sh
source "$ROOT/scripts/stack/all.sh"

shopt -s nullglob
logs=("$LOG_DIR"/*.log)
[ "${#logs[@]}" -gt 0 ] || die "there are no logs in $LOG_DIR" "start the stack with: make run"
part=${1:-}
if [ -z "$part" ]; then exec tail -n 20 -F "${logs[@]}"; fi
[ -e "$LOG_DIR/$part.log" ] || die "no part '$part' has a log" "parts: $(basename -s .log "${logs[@]}" | tr '\n' ' ')"
exec tail -n 100 -F "$LOG_DIR/$part.log"
