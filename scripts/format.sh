#!/usr/bin/env bash
# format.sh: formats the C++, Go and web sources in place.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"
cd "$ROOT"

scripts/install.sh run lint
require_go
require_node
git ls-files -- '*.cc' '*.h' | xargs -r clang-format -i
git ls-files -- 'http_bridge/*.go' | xargs -r gofmt -w
scripts/web_modules.sh http_bridge/web
cd http_bridge/web && npm run --silent format
