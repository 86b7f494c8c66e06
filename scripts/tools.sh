#!/usr/bin/env bash
# tools.sh NAME...: builds the named Go tools into .build/bin, at the versions pinned in http_bridge/tools.mod
# and tools_lint.mod. A tool is built again only when its pins have changed.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"

# migrate is compiled with the one database driver that is used.
TAGS=mysql

for name in "$@"; do
  modfile='' package=''
  for candidate in tools.mod tools_lint.mod; do
    package=$(sed -n "s|^\t\(.*/$name\)\$|\1|p" "$ROOT/http_bridge/$candidate" | head -n 1)
    if [ -n "$package" ]; then
      modfile=$candidate
      break
    fi
  done
  [ -n "$modfile" ] || die "no tool '$name' is pinned" "the tool blocks of http_bridge/tools.mod and tools_lint.mod list them"

  stamp=$BIN/.$name.pins
  pins=$(sha256sum <"$ROOT/http_bridge/${modfile%.mod}.sum")
  if [ -x "$BIN/$name" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ]; then continue; fi

  require_go
  # Go chooses its version by the sidecar's go.mod, and does not look at what this file asks for.
  wanted=$(sed -n 's/^go //p' "$ROOT/http_bridge/$modfile")
  have=$(cd "$ROOT/http_bridge" && go env GOVERSION)
  if ! version_at_least "${have#go}" "$wanted"; then export GOTOOLCHAIN=go$wanted+auto; fi
  mkdir -p "$BIN"
  start=$(now_ms)
  go build -C "$ROOT/http_bridge" -modfile="$modfile" -tags "$TAGS" -trimpath -ldflags='-s -w' -o "$BIN/$name" "$package"
  printf '%s' "$pins" >"$stamp"
  say "built $name in $(seconds_since "$start") s"
done
