# shellcheck shell=bash
# Everything about the stack, in the order of dependence. Sourced after lib.sh; functions and settings only.
# shellcheck source=scripts/stack/settings.sh
source "$ROOT/scripts/stack/settings.sh"
# shellcheck source=scripts/stack/ports.sh
source "$ROOT/scripts/stack/ports.sh"
# shellcheck source=scripts/stack/model_server.sh
source "$ROOT/scripts/stack/model_server.sh"
# shellcheck source=scripts/stack/mariadb.sh
source "$ROOT/scripts/stack/mariadb.sh"
# shellcheck source=scripts/stack/redis.sh
source "$ROOT/scripts/stack/redis.sh"
# shellcheck source=scripts/stack/migrate.sh
source "$ROOT/scripts/stack/migrate.sh"
# shellcheck source=scripts/stack/supervisor.sh
source "$ROOT/scripts/stack/supervisor.sh"
# shellcheck source=scripts/stack/leftovers.sh
source "$ROOT/scripts/stack/leftovers.sh"
# shellcheck source=scripts/stack/health.sh
source "$ROOT/scripts/stack/health.sh"
# shellcheck source=scripts/stack/start.sh
source "$ROOT/scripts/stack/start.sh"

# One start at a time from a state folder. File descriptor 9 holds the lock for as long as this script lives.
lock_stack() {
  make_state_dirs
  exec 9>"$STATE_DIR/lock"
  flock -n 9 || die "another start from $STATE_DIR is under way" "wait for it, or end it"
}
