#!/usr/bin/env bash
# Generates the bridge's Go code and its OpenAPI document from the protos, gateway.yaml and the
# hand-written part of the API description, into http_bridge/internal/gen (not committed).
# Does nothing when the result is newer than all of its sources.
# Needs protoc, and the plugins that scripts/tools.sh builds into .build/bin.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bridge=$root/http_bridge
final=$bridge/internal/gen
stamp=$final/.stamp
export PATH="$root/.build/bin:$PATH"

protos=(job progress job_service progress_service)

fresh() {
  [[ -f $stamp ]] || return 1
  local newer
  newer=$(find "$root/protos/genwatch" "$bridge/gateway.yaml" "$bridge/internal/openapi" \
    "${BASH_SOURCE[0]}" -type f -newer "$stamp" -print -quit)
  [[ -z $newer ]]
}

if fresh; then exit 0; fi

for tool in protoc protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2; do
  if ! command -v "$tool" >/dev/null; then
    echo "generate_go.sh: $tool is missing; run scripts/install.sh (protoc) or scripts/tools.sh (plugins)" >&2
    exit 1
  fi
done

# Made aside and moved at the end: a failure leaves what was there. The name keeps `go build ./...` out.
out=$(mktemp -d "$bridge/internal/_gen.XXXXXX")
trap 'rm -rf "$out"' EXIT
chmod 755 "$out"
mkdir -p "$out/genwatchv1" "$out/openapi"

files=() map=()
for proto in "${protos[@]}"; do
  files+=("genwatch/v1/$proto.proto")
  # The protos name no Go package: they serve C++ first.
  map+=("Mgenwatch/v1/$proto.proto=genwatch/http_bridge/internal/gen/genwatchv1")
done
options=$(IFS=,; echo "${map[*]}")
gateway_options=$options,grpc_api_configuration=$bridge/gateway.yaml
strip=module=genwatch/http_bridge/internal/gen

protoc -I "$root/protos" \
  --go_out="$out" --go_opt="$strip,$options" \
  --go-grpc_out="$out" --go-grpc_opt="$strip,$options" \
  "${files[@]}"
# JobService alone: ProgressService has no plain REST routes, and the plugin would warn about that.
protoc -I "$root/protos" \
  --grpc-gateway_out="$out" --grpc-gateway_opt="$strip,$gateway_options" \
  --openapiv2_out="$out/openapi" \
  --openapiv2_opt="$gateway_options,allow_merge=true,merge_file_name=gateway,json_names_for_fields=false,disable_default_errors=true,preserve_rpc_order=true,simple_operation_ids=true" \
  genwatch/v1/job_service.proto

(cd "$bridge" && go run ./internal/openapi/merge \
  -swagger "$out/openapi/gateway.swagger.json" -paths internal/openapi/paths.yaml \
  -out "$out/openapi/openapi.json")
cat >"$out/openapi/openapi.go" <<'GO'
// Package openapi holds the description of the HTTP API. Generated; see scripts/generate_go.sh.
package openapi

import _ "embed"

// Document is an OpenAPI 3 document in JSON.
//
//go:embed openapi.json
var Document []byte
GO
touch "$out/.stamp"
rm -rf "$final"
mv "$out" "$final"
