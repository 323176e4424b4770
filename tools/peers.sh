#!/bin/sh
# The real parts the tests talk to, from Debian: a broker, independent Modbus masters and slaves, a compiler for them,
# a browser.
# What cannot be installed is said once; the tests that need it skip with that reason.
set -eu
missing=
need() { command -v "$1" >/dev/null 2>&1 || [ -e "/usr/sbin/$1" ] || missing="$missing $2"; }
need mosquitto mosquitto
need mbpoll mbpoll
need gcc gcc
need tmux tmux
need chromium chromium
[ -e /usr/include/modbus/modbus.h ] || missing="$missing libmodbus-dev"
/usr/bin/python3 -c 'import pymodbus' 2>/dev/null || missing="$missing python3-pymodbus"
need npm npm

# The peers written in JavaScript, by their own locks; what npm cannot fetch is skipped by its tests.
node_peers() {
    command -v npm >/dev/null 2>&1 || return 0
    for folder in tests/peers/*/; do
        [ -f "$folder/package-lock.json" ] || continue
        stamp="$folder/node_modules/.stamp"
        sum=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
        [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && continue
        echo "hydronest: npm ci in $folder (once)" >&2
        if (cd "$folder" && npm ci --no-audit --no-fund --silent >/dev/null 2>&1); then
            printf '%s' "$sum" > "$stamp"
        else
            echo "hydronest: npm could not install $folder; its tests are skipped" >&2
        fi
    done
}

cd "$(dirname "$0")/.."
trap node_peers EXIT
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root="sudo -n"; else
    echo "hydronest: not installed and no right to:$missing. The tests that need them are skipped. To run them:  sudo apt-get install$missing" >&2
    exit 0
fi
echo "hydronest: installing$missing (once)" >&2
export DEBIAN_FRONTEND=noninteractive
# One by one where the set fails, so that one missing package does not take the others with it.
$root apt-get update -qq >/dev/null 2>&1 || echo "hydronest: apt-get update failed; trying with the lists at hand" >&2
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 && exit 0
for package in $missing; do
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        echo "hydronest: could not install $package; the tests that need it are skipped" >&2
done
