#!/usr/bin/env bash
# sql.sh: a client on the running stack's private MariaDB; with Q='SELECT ...' that query alone.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/running.sh
source "$ROOT/scripts/running.sh"

require_running
if [ -n "${Q:-}" ]; then
  mariadb_client --table --execute "$Q" genwatch
else
  mariadb_client genwatch
fi
