#!/usr/bin/env bash
# restart.sh PART: builds a part anew and replaces the running one.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/running.sh
source "$ROOT/scripts/running.sh"

part=${1:-}
[ -n "$part" ] || die "which part?" "make restart S=job_service (or ${SERVICES[*]:1} ${STORES[*]} ollama_sim)"
require_running
case $part in
  http_bridge) "$ROOT/scripts/build.sh" ui bridge ;;
  mariadb | redis) ;;
  *) "$ROOT/scripts/build.sh" services ;;
esac
"$ROOT/scripts/stack.sh" restart "$part"
say "$part is healthy"
