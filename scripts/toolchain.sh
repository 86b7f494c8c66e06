# shellcheck shell=bash
# Puts a new enough Go and Node first on the PATH: the machine's own, else those that install.sh installs. Sourced.

GO_WANTED=1.25
NODE_WANTED=20.19
NODE_DIR=$BUILD/node

go_is_new_enough() {
  local v
  v=$(cd / && "$1" env GOVERSION 2>/dev/null) && version_at_least "${v#go}" "$GO_WANTED"
}

# A distribution's Go may be older than what the modules ask for: Go then fetches the toolchain that they name.
go_fetches_toolchains() {
  local v
  v=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) && version_at_least "${v#go}" 1.21
}

use_go() {
  local dir
  # The checkout may belong to somebody else, which makes git, and so the stamping, fail.
  export GOFLAGS=${GOFLAGS:--buildvcs=false}
  if command -v go >/dev/null && go_is_new_enough go; then return 0; fi
  for dir in $(printf '%s\n' /usr/lib/go-*/bin | sort -rV); do
    if [ -x "$dir/go" ] && go_fetches_toolchains "$dir/go"; then
      export PATH=$dir:$PATH GOTOOLCHAIN=auto
      return 0
    fi
  done
  return 1
}

node_is_new_enough() {
  local v
  v=$("$1" --version 2>/dev/null) && version_at_least "${v#v}" "$NODE_WANTED"
}

use_node() {
  if [ -x "$NODE_DIR/node_modules/.bin/node" ]; then export PATH=$NODE_DIR/node_modules/.bin:$PATH; fi
  command -v npm >/dev/null && node_is_new_enough node
}

require_go() { use_go || die "no Go $GO_WANTED or newer" "run scripts/install.sh go, which installs one"; }
require_node() { use_node || die "no Node $NODE_WANTED or newer with npm" "run scripts/install.sh node, which installs one"; }
