#!/usr/bin/env bash
# lint_cpp_file.sh FILE: checks one source file of ours against its lock annotations (clang's -Wthread-safety) and with
# clang-tidy. A file that was clean is looked at again only when it, a header of it, or the rules have changed.
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

file=$1
database=$BUILD/lint/compile_commands.json
command=$(sed -n "s|^ *\"command\": \"\(.*\) -o [^ ]* -c $ROOT/$file\",*\$|\1|p" "$database" | head -n 1 | sed 's/\\"/"/g')
if [ -z "$command" ]; then
  warn "$file: no target compiles this"
  exit 1
fi

seen=$BUILD/lint/clean/$file
key=$({ eval "$command -E -w $file" && cat .clang-tidy "$0" && clang-tidy --version; } | sha256sum)
if [ "$(cat "$seen" 2>/dev/null)" = "$key" ]; then exit 0; fi

eval "$command -fsyntax-only -Wthread-safety -Werror=thread-safety $file"
clang-tidy -p "$BUILD/lint" --quiet "$file" 2> >(grep -v ' warnings\? generated' >&2)
mkdir -p "$(dirname "$seen")"
printf '%s' "$key" >"$seen"
