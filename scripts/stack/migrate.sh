# shellcheck shell=bash
# Applies the migrations of job_service to the private MariaDB. Sourced after mariadb.sh.

MIGRATIONS=${MIGRATIONS:-$ROOT/job_service/migrations}

# Takes the folder by a relative name, because the tool reads the path as a URL.
migrate_tool() {
  (cd "$MIGRATIONS" && "$BIN/migrate" -path . -database "mysql://genwatch@unix($MARIADB_SOCKET)/genwatch?multiStatements=true" "$@")
}

apply_migrations() {
  local output version state file
  if output=$(migrate_tool up 2>&1); then
    return 0
  fi
  # A failed migration is marked, and nothing more is applied until somebody has looked at it.
  read -r version state < <(mariadb_client -N -B -e 'SELECT version, dirty FROM schema_migrations' genwatch 2>/dev/null) || true
  file=
  if [ -n "${version:-}" ]; then file=$(find "$MIGRATIONS" -name "*.up.sql" | grep -E "/0*${version}_" | head -n 1) || true; fi
  warn "$output"
  if [ "${state:-0}" = 1 ]; then
    die "the migration ${file:-$version} is broken; the database in $STATE_DIR is halfway in it" \
      "mend the file, then either begin with empty data: make clean-state" \
      "or undo by hand (make sql) what it did and set the version before it: scripts/stack.sh migrate force $((version - 1))"
  fi
  die "the migrations in ${MIGRATIONS#"$ROOT"/} could not be applied" "MariaDB's own log: $LOG_DIR/mariadb.log"
}
