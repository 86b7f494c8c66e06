#!/usr/bin/env bash
# dev.sh: serves the web pages with hot reload; what they ask for goes to the running bridge.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"
# shellcheck source=scripts/running.sh
source "$ROOT/scripts/running.sh"

require_running
require_node
"$ROOT/scripts/web_modules.sh" "$ROOT/http_bridge/web"
cd "$ROOT/http_bridge/web"
GENWATCH_DEV_TARGET=$HTTP_URL exec npm run --silent dev
