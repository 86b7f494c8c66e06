# shellcheck shell=bash
# Installing Debian packages without a question and without starting a daemon. Sourced.

POLICY=/usr/sbin/policy-rc.d

# missing_packages FILE...: the packages of the lists that are not installed, one a line.
missing_packages() {
  sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$@" | sort -u |
    comm -23 - <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

# as_root COMMAND...: only after require_root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# require_root WANTED...: fails with what to run when this user can't install the wanted packages.
require_root() {
  command -v apt-get >/dev/null || die "this machine has no apt-get, and these are missing: $*" \
    "Genwatch is built and tested on Debian 12; install their counterparts by hand"
  if [ "$(id -u)" = 0 ]; then return 0; fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then return 0; fi
  die "missing packages: $*" "they need root, and there is no sudo that works without a password; as root, run:" \
    "apt-get update && apt-get install --no-install-recommends $*"
}

# Nothing that a package brings along is to start by itself: the project runs private copies.
forbid_daemons() {
  [ ! -e "$POLICY" ] || return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
  trap allow_daemons EXIT
}

allow_daemons() {
  trap - EXIT
  as_root rm -f "$POLICY"
}

# apt_install PACKAGE...
apt_install() {
  require_root "$@"
  local log
  log=$(mktemp)
  say "installing $*"
  forbid_daemons
  if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    die "apt-get could not install: $*" "all that it said is in $log"
  fi
  rm -f "$log"
  if [ "$(trap -p EXIT)" ]; then allow_daemons; fi
  if [ -d /run/systemd/system ]; then
    say "note: a service that came with them would start at the next boot; Genwatch does not need it to:"
    say "      systemctl disable redis-server supervisor"
  fi
}
