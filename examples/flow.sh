#!/usr/bin/env bash
# The life of a table, against a running quickstart: insertions, log, checkout, rollback, restore, merge, diff, and what one
# commit did taken back. It leaves the table as it found it, and its whole story in the log. Usage: examples/flow.sh [URL]
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

# add NAME AGE: a new user. Sets `path` to where it is.
add() {
    call POST /users "{\"name\":\"$1\",\"email\":\"$1.$$.$RANDOM@example.org\",\"age\":$2}"
    path=$(sed -n 's/^[Ll]ocation: *\([^[:space:]]*\).*/\1/p' "$headers" | head -n 1)
    path=/users/${path##*/}
}

headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

# The state before, to go back to in the end: `users` may have no commit yet.
before=$(curl --silent "$base/vsg/logs?table=users&limit=1" | sed -n 's/.*"uuid":"\([^"]*\)".*/\1/p')

printf '== insertions: each call is a commit, with who and why\n'
reason='a new colleague'
add Amélie 33
amelie=$path
first=$(commit)
reason='another one'
add Çelik 41
celik=$path
reason='birthday'
call PATCH "$amelie" '{"age":34}'
second=$(commit)

printf '\n== the log, newest first\n'
call GET '/vsg/logs?table=users&limit=3'

printf '\n== diff: what changed between two commits\n'
call GET "/vsg/diff?table=users&from=$first&to=$second"

printf '\n== checkout: the state of the first commit, as a new one\n'
reason='as it was on the first day'
call POST "/vsg/checkout/$first?table=users"
call GET "$amelie"

printf '\n== rollback: that was wrong, so the checkout is undone\n'
reason='back again'
call POST '/vsg/rollback?table=users'
call GET "$amelie"

printf '\n== restore: told first, then done; the first commit is current again, and the log is as it was\n'
reason='start over'
call POST "/vsg/restore/$first?table=users&dry_run=true"
call POST "/vsg/restore/$first?table=users"
call GET '/vsg/commits/HEAD?table=users'

printf '\n== a new line goes on from there\n'
reason='a new start'
call PATCH "$amelie" '{"age":21}'
third=$(commit)

printf '\n== merge: the rows of the old line over those of the new one\n'
reason='both colleagues'
call POST "/vsg/merge/$second?table=users"
call GET "$amelie"
call GET "$celik"

printf '\n== revert: one commit is taken back, what came later stays; a cell that was changed since would be a conflict\n'
reason='no, she is 34'
call POST "/vsg/revert/$third?table=users&dry_run=true"

printf '\n== one row through time\n'
call GET "$amelie/history"
call GET "$amelie?as_of=$first"
call GET "/db/audit?component=users&record_id=${amelie##*/}"

printf '\n== rollback to where it began\n'
reason='the flow is over'
if [[ -n $before ]]; then
    call POST "/vsg/rollback/$before?table=users"
else
    call POST /users/batch/delete "{\"ids\":[${amelie##*/},${celik##*/}]}"
fi

printf '\n== the proof\n'
call GET /vsg/verify
