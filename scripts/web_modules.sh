#!/usr/bin/env bash
# web_modules.sh FOLDER: installs the npm packages that the folder's lock file names, if they are not there yet.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/toolchain.sh
source "$ROOT/scripts/toolchain.sh"

cd "${1:?which folder?}"
# npm writes this file at the end of each install.
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
require_node
npm ci --no-audit --no-fund </dev/null
touch node_modules/.package-lock.json
