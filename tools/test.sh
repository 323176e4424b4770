#!/bin/sh
# The suite: what can share the machine (it mostly waits: six workers on two cores), then alone what needs the clock.
#   tools/test.sh PYTEST [TEST_ARGS]      ends as the worse of the two; nothing selected in one of them is no fault
set -u
pytest=$1; shift
part() {
    marks=$1; shift
    "$pytest" -q --benchmark-disable --ignore=tests/bench -m "$marks" "$@"
    ended=$?
    [ "$ended" = 5 ] && empty=$((empty + 1)) && ended=0
    [ "$ended" -gt "$worst" ] && worst=$ended
    [ "$ended" != 2 ] || exit 2
}
worst=0 empty=0
part "not slow and not realtime" -n 6 --dist loadfile "$@"
part "realtime and not slow" -p no:xdist "$@"
[ "$empty" = 2 ] && exit 5
exit "$worst"
