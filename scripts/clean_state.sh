#!/usr/bin/env bash
# clean_state.sh: removes the state folder, and so all data and logs. Refuses while something runs from it.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/stack/all.sh
source "$ROOT/scripts/stack/all.sh"

if stack_is_up; then die "something runs from $STATE_DIR" "stop it first (Ctrl-C where it was started, or: make stop)"; fi
[ -e "$STATE_DIR" ] || exit 0
# A folder that the stack did not make is nobody's to remove.
[ -e "$STATE_DIR/lock" ] || die "$STATE_DIR is not a state folder of Genwatch"
set_sockets
end_leftovers
remove_sockets
rm -rf "$STATE_DIR"
say "removed $STATE_DIR"
