#!/bin/sh
# From a bare checkout to a working .venv, offline on the second run.
#   tools/bootstrap.sh            the venv with what requirements-dev.lock names, by hash
# The stamp is the lock's hash, not its time: a fresh clone has new times.
set -eu
cd "$(dirname "$0")/.."
lock=requirements-dev.lock
say() { printf '%s\n' "hydronest: $*" >&2; }

# Runs a command as root, or through sudo where that asks for no password; fails quietly otherwise.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

usable() {  # a Python of at least 3.11 that can make a venv: prints its true path, past any shim
    "$1" -c 'import sys, venv, ensurepip
assert sys.version_info >= (3, 11)
print(sys.executable)' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if path=$(usable "$name"); then printf '%s\n' "$path"; return 0; fi
    done
    return 1
}

# The agent's children may write nothing beside the code: what is not compiled by now each of them compiles at each start.
compiled() { .venv/bin/python -m compileall -q -j 0 agent drivers protocols hil tests || true; }

stamp=$( { sha256sum "$lock"; printf '%s' "${PYTHON:-}"; sha256sum pyproject.toml; } | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/python ] && [ "$(cat .venv/.stamp 2>/dev/null || true)" = "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
    compiled
    exit 0
fi

if ! python=$(find_python); then
    say "no Python >= 3.11 here can make a venv: installing Debian's python3-venv"
    as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv' >&2 || {
        say "cannot install it as this user. Run:  sudo apt-get install python3-venv   and then this again."
        exit 1
    }
    python=$(find_python) || { say "still no Python >= 3.11 with venv: Debian 12 or newer is needed."; exit 1; }
fi

say "making .venv with $python (once)"
"$python" -m venv --clear .venv
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
compiled
printf '%s\n' "$stamp" > .venv/.stamp
