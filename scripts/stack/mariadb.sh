# shellcheck shell=bash
# The private MariaDB: its data in the state folder, reached over a unix socket only. Sourced after settings.sh.

# Its own, because a server that starts removes what it takes for its temporary tables, those of others included.
MARIADB_TMP=$STATE_DIR/tmp

mariadb_config() {
  mkdir -p "$MARIADB_TMP"
  cat >"$CONF_DIR/mariadb.sql" <<SQL
CREATE DATABASE IF NOT EXISTS genwatch CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER IF NOT EXISTS 'genwatch'@'localhost';
GRANT ALL PRIVILEGES ON genwatch.* TO 'genwatch'@'localhost';
SQL
  # The user has no password: the socket stands in a folder that only this user may enter, and there is no port.
  cat >"$CONF_DIR/mariadb.cnf" <<CNF
[mariadbd]
datadir=$MARIADB_DIR
socket=$MARIADB_SOCKET
tmpdir=$MARIADB_TMP
pid-file=$STATE_DIR/mariadb.pid
init-file=$CONF_DIR/mariadb.sql
skip-networking
skip-log-bin
character-set-server=utf8mb4
collation-server=utf8mb4_unicode_ci
default-time-zone=+00:00
max_connections=200
innodb_flush_log_at_trx_commit=1
innodb_buffer_pool_size=128M
innodb_log_file_size=64M
innodb_buffer_pool_dump_at_shutdown=OFF
innodb_buffer_pool_load_at_startup=OFF
performance_schema=OFF
CNF
  if [ "$(id -u)" = 0 ]; then printf 'user=root\n' >>"$CONF_DIR/mariadb.cnf"; fi
}

# The system tables are made beside their place and moved there whole, so that a cut-off attempt is no half database.
mariadb_install() {
  [ ! -d "$MARIADB_DIR" ] || return 0
  local log=$LOG_DIR/mariadb_install.log user
  user=$(id -un)
  rm -rf "$MARIADB_DIR.new"
  # By its relative name, because that program falls over a space in the path; forced, because it would refuse a
  # machine whose own name can't be looked up, though nothing here goes by names.
  if ! (cd "$STATE_DIR" && TMPDIR=$MARIADB_TMP mariadb-install-db --no-defaults --datadir=./mariadb.new \
    --user="$user" --auth-root-socket-user="$user" --auth-root-authentication-method=socket \
    --skip-test-db --skip-name-resolve --force --innodb-log-file-size=64M) \
    >"$log" 2>&1 </dev/null; then
    head -n 12 "$log" >&2
    die "MariaDB could not make its data folder in $STATE_DIR" "all that it said is in $log"
  fi
  mv "$MARIADB_DIR.new" "$MARIADB_DIR"
}

mariadb_client() { mariadb --no-defaults --socket="$MARIADB_SOCKET" --user=genwatch --default-character-set=utf8mb4 "$@"; }
mariadb_answers() { mariadb_client --connect-timeout=1 -e 'SELECT 1' genwatch >/dev/null 2>&1; }
