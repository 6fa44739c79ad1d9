#!/usr/bin/env bash
# Insert, log, diff, a read of the past and the audit, against a running quickstart. Usage: examples/flow.sh [URL]
set -euo pipefail
base=${1:-http://127.0.0.1:8000}

# call METHOD PATH [BODY]: shows what is asked and what comes back.
call() {
    printf '\n> %s %s %s\n' "$1" "$2" "${3-}"
    local extra=()
    if [[ $1 != GET ]]; then extra+=(-H 'X-User: flow' -H "X-Reason: ${reason:-}"); fi
    if [[ -n ${3-} ]]; then extra+=(-H 'Content-Type: application/json' -d "$3"); fi
    curl --silent --show-error --fail-with-body -D "$headers" -X "$1" "${extra[@]}" "$base$2"
    echo
}

# commit: the commit that the last call made.
commit() {
    sed -n 's/^[Xx]-[Cc]ommit: *\([0-9a-f-]*\).*/\1/p' "$headers" | head -n 1
}

headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

reason='a new colleague'
call POST /users "{\"name\":\"Amélie Çelik\",\"email\":\"amelie.$$.$RANDOM@example.org\",\"age\":33}"
first=$(commit)
path=$(sed -n 's/^[Ll]ocation: *\([^[:space:]]*\).*/\1/p' "$headers" | head -n 1)
path=/users/${path##*/}

reason='birthday'
call PATCH "$path" '{"age":34}'
second=$(commit)

printf '\n== the log, newest first\n'
call GET '/vsg/logs?table=users&limit=2'

printf '\n== what changed between the two commits\n'
call GET "/vsg/diff?table=users&from=$first&to=$second"

printf '\n== the same row, now and then\n'
call GET "$path"
call GET "$path?as_of=$first"

printf '\n== who did what to it, and why\n'
call GET "/db/audit?component=users&record_id=${path##*/}"

printf '\n== the proof\n'
call GET /vsg/verify
