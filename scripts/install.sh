#!/usr/bin/env bash
# install.sh [run|test|lint|go|node]...: installs what the machine lacks for these. Asks nothing, changes nothing twice.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/apt.sh
source "$ROOT/scripts/apt.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"

debian_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# Debian's backports for Go, from the place that this machine's own Debian packages come from.
add_backports() {
  local site keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  local wanted=/etc/apt/sources.list.d/genwatch-backports.sources
  [ ! -e "$wanted" ] || return 0
  as_root apt-get update -q >/dev/null
  # shellcheck disable=SC2016 # apt-get fills it in
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $1" 'Component: main' | head -n 1)
  [ -n "$site" ] || die "no apt source of Debian '$1' is set up here" "install Go $GO_WANTED or newer by hand"
  say "adding $1-backports to the apt sources, for Go: $wanted"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$site" "$1"
    [ ! -e "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
  } | as_root tee "$wanted" >/dev/null
}

install_go() {
  if use_go; then return 0; fi
  local codename
  codename=$(debian_codename)
  say "there is no Go $GO_WANTED or newer"
  require_root golang-go
  add_backports "$codename"
  apt_install -t "$codename-backports" golang-go
  use_go || die "the backports have no Go that can fetch newer ones" "install Go $GO_WANTED or newer by hand"
}

install_node() {
  if use_node; then return 0; fi
  say "there is no Node $NODE_WANTED or newer"
  if ! command -v npm >/dev/null; then apt_install nodejs npm; fi
  if use_node; then return 0; fi
  say "installing Node 22 from npm into ${NODE_DIR#"$ROOT"/}"
  mkdir -p "$NODE_DIR"
  npm install --loglevel=error --no-audit --no-fund --prefix "$NODE_DIR" node@22 npm@10 </dev/null ||
    die "npm could not fetch its node package" "what it said stands above; or install Node $NODE_WANTED or newer by hand"
  use_node || die "npm's node package did not give a working Node" "install Node $NODE_WANTED or newer by hand"
}

lists=()
for what in "${@:-run}"; do
  case $what in
    run) lists+=("$ROOT/scripts/packages.txt") ;;
    test | lint) lists+=("$ROOT/scripts/packages_$what.txt") ;;
    go | node) ;;
    *) die "unknown '$what'" "one of: run, test, lint, go, node" ;;
  esac
done
if [ "${#lists[@]}" -gt 0 ]; then
  mapfile -t missing < <(missing_packages "${lists[@]}")
  if [ "${#missing[@]}" -gt 0 ]; then apt_install "${missing[@]}"; fi
fi
for what in "${@:-run}"; do
  case $what in
    run | go) install_go ;;&
    run | node) install_node ;;
  esac
done
