#!/usr/bin/env bash
# build.sh [services|tests|ui|bridge]...: builds these parts, or what the stack needs (all but the tests).
# The flags are the presets'. C++ goes to .build/release, the sidecar to .build/bin.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"
cd "$ROOT"

WEB=http_bridge/web

# Configuring anew each time takes a second, and notices folders and presets that came with an update.
cpp() {
  local log=$BUILD/configure.log
  mkdir -p "$BUILD"
  if ! cmake --preset release >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "the C++ build could not be configured" "all that cmake said is in $log"
  fi
  cmake --build --preset release -j "$(nproc)" --target "$@"
}

# What the pages are made of; tests and modules aside.
ui_sources() {
  find "$WEB" \( -name node_modules -o -name dist -o -name tests \) -prune -o -type f -print0 |
    sort -z | xargs -0 sha256sum | sha256sum
}

ui() {
  local stamp=$BUILD/ui.sources sources
  sources=$(ui_sources)
  if [ -e "$WEB/dist/index.html" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sources" ]; then return 0; fi
  require_node
  scripts/web_modules.sh "$WEB"
  (cd "$WEB" && npm run --silent build </dev/null)
  mkdir -p "$BUILD"
  ui_sources >"$stamp"
}

bridge() {
  require_go
  scripts/tools.sh protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2
  scripts/generate_go.sh
  go build -C http_bridge -trimpath -o "$BIN/http_bridge" ./cmd/http_bridge
}

for part in "${@:-stack}"; do
  case $part in
    services) cpp job_service generation_service progress_service ollama_sim ;;
    tests) cpp all ;;
    ui) ui ;;
    bridge) bridge ;;
    stack)
      cpp job_service generation_service progress_service ollama_sim
      ui
      bridge
      scripts/tools.sh migrate grpcurl
      ;;
    *) die "unknown part '$part'" "one of: services, tests, ui, bridge" ;;
  esac
done
