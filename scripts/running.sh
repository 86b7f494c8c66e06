# shellcheck shell=bash
# For scripts that need a running stack: loads its addresses, or says that there is none. Sourced after lib.sh.
# shellcheck source=scripts/stack/all.sh
source "$ROOT/scripts/stack/all.sh"

require_running() {
  if stack_is_up && load_stack_env; then return 0; fi
  die "nothing runs from $STATE_DIR" "start it with: make run"
}
