#!/usr/bin/env bash
# lint.sh [format|cpp|protos|go|web|scripts|chart]...: these checks, or all.
# Goes through all of them, then says which failed.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"
cd "$ROOT"

# Tracked files of ours that match; what others published lives under third_party.
ours() { git ls-files -- "$@" | grep -v '/third_party/' || true; }

check_format() {
  local unformatted
  unformatted=$(ours '*.cc' '*.h' | xargs -r clang-format --dry-run 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning: .*//p' | sort -u)
  [ -n "$unformatted" ] || return 0
  warn "not formatted as .clang-format says (make format):" "$unformatted"
  return 1
}

# clang's tools need commands made for clang, and the sources that the build generates.
compile_commands() {
  local log=$BUILD/configure_lint.log generated
  mkdir -p "$BUILD"
  cmake --preset lint >"$log" 2>&1 &&
    mapfile -t generated < <(ninja -C "$BUILD/lint" -t targets all | sed -n 's/^\([^/].*\.\(h\|cc\|inc\)\): CUSTOM_COMMAND$/\1/p') &&
    ninja -C "$BUILD/lint" "${generated[@]}" >>"$log" 2>&1 && return 0
  tail -n 30 "$log" >&2
  return 1
}

check_cpp() {
  compile_commands && ours '*.cc' | xargs -r -n 1 -P "$(nproc)" scripts/lint_cpp_file.sh
}

check_protos() { scripts/tools.sh buf && "$BIN/buf" lint; }

check_go() {
  require_go
  local unformatted
  unformatted=$(ours 'http_bridge/*.go' | xargs -r gofmt -l)
  if [ -n "$unformatted" ]; then
    warn "not formatted as gofmt does (make format):" "$unformatted"
    return 1
  fi
  scripts/build.sh bridge && go vet -C http_bridge ./...
}

# The types of the client are made from the bridge's description of its API.
check_web() {
  require_go
  require_node
  scripts/tools.sh protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2 && scripts/generate_go.sh &&
    scripts/web_modules.sh http_bridge/web && (cd http_bridge/web && npm run --silent lint && npm run --silent api:check && npm run --silent packages:check)
}

# Sourced files are checked with those that source them.
check_scripts() { ours '*.sh' .ci/run | xargs -r -I {} find {} -perm -u=x | xargs -r shellcheck; }

check_chart() {
  scripts/tools.sh helm &&
    "$BIN/helm" lint --strict helm/genwatch && "$BIN/helm" template genwatch helm/genwatch >/dev/null
}

scripts/install.sh run lint
[ $# -gt 0 ] || set -- format cpp protos go web scripts chart
failed=()
for check in "$@"; do
  [ "$(type -t "check_$check")" = function ] || die "unknown check '$check'" "one of: format, cpp, protos, go, web, scripts, chart"
  start=$(now_ms)
  status=0
  ("check_$check") </dev/null || status=$?
  [ "$status" = 0 ] || failed+=("$check")
  say "$([ "$status" = 0 ] && echo ok || echo FAILED)  $check ($(seconds_since "$start") s)"
done
if [ "${#failed[@]}" -gt 0 ]; then die "failed: ${failed[*]}"; fi
