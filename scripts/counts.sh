# shellcheck shell=bash
# Counting what test runners report, as "PASSED FAILED". A skipped test counts as failed. Sourced.

# counts_of_junit FILE: from the totals of its <testsuite> elements, which may span lines.
counts_of_junit() {
  [ -r "$1" ] || set -- /dev/null
  tr '\n\t' '  ' <"$1" | grep -o '<testsuite [^>]*>' | awk '
    function total(name) { return match($0, " " name "=\"[0-9]+") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : 0 }
    { all += total("tests"); bad += total("failures") + total("errors") + total("skipped") + total("disabled") }
    END { print all - bad, bad + 0 }'
}

# counts_of_go FILE: from what `go test -v` prints.
counts_of_go() {
  awk '/^ *--- PASS: / { good++ } /^ *--- (FAIL|SKIP): / { bad++ } END { print good + 0, bad + 0 }' "$1"
}

# counts_of_line FILE: from a closing line "N passed, N failed".
counts_of_line() {
  awk '/^[0-9]+ passed, [0-9]+ failed$/ { good = $1; bad = $3 } END { print good + 0, bad + 0 }' "$1"
}
