#!/usr/bin/env bash
# run.sh [NAME]...: runs the tests of the scripts, or those files of them. The last line counts all.
set -euo pipefail
cd "$(dirname "$0")"

passed=0
failed=0
[ $# -gt 0 ] || set -- *_test.sh
for file in "$@"; do
  file=${file%_test.sh}_test.sh
  printf -- '-- %s\n' "$file"
  output=$(mktemp)
  timeout 600 "./$file" 2>&1 </dev/null | tee "$output" | sed '/^[0-9]* passed, [0-9]* failed$/d' || true
  # A file that died has no closing line.
  read -r good bad < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$output" | tail -n 1 | grep . || echo 0 1)
  passed=$((passed + good))
  failed=$((failed + bad))
  rm -f "$output"
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
