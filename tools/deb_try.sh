#!/bin/sh
# A package installed, used, installed over itself and purged in a Debian of its own, which has no network:
#   tools/deb_try.sh dist/hydronest_VERSION~debN_ARCH.deb
# Needs root and mmdebstrap. One for another processor is installed where binfmt_misc runs its programs, the machine's or
# one of our own (tools/foreign.py); elsewhere it is unpacked and run by qemu-user-static alone, which shows that all it
# loads is there and fits. Ends as the first step that fails.
set -eu
foreign=$(dirname "$(readlink -f "$0")")/foreign.py
trial=$(dirname "$(readlink -f "$0")")/debian/trial.toml
package=$(readlink -f "$1")
name=${package##*/}
case $name in *~deb12_*) suite=bookworm python=python3.11 ;; *~deb13_*) suite=trixie python=python3.13 ;; esac
arch=${name##*_}
arch=${arch%.deb}
export QEMU_CPU=cortex-a72 # a Pi 4's core; Debian 13 is ten times slower with the default one
root=$(mktemp -d)
trap 'umount "$root/proc" "$root"/dev/* 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
say() { printf '%s\n' "hydronest: $*" >&2; }

if [ "$arch" != "$(dpkg --print-architecture)" ] && ! arch-test "$arch" >/dev/null 2>&1; then
    if python3 "$foreign" arch-test "$arch" >/dev/null 2>&1; then
        python3 "$foreign" "$0" "$package"
        exit
    fi
    say "no program of $arch runs here by itself: unpacked, not installed"
    mmdebstrap --quiet --arch="$arch" --variant=extract "$suite" "$root" --include="base-files,$python-minimal,\
lib$python-stdlib,libstdc++6,libgcc-s1,libsqlite3-0,ca-certificates,tzdata"
    dpkg-deb -x "$package" "$root"
    emulated() { qemu-aarch64-static -L "$root" "$root/usr/bin/$python" -IS "$@"; }
    emulated "$root/usr/bin/hydronest" --version
    emulated "$root/usr/bin/hydronest" --lang en check "$root/usr/share/doc/hydronest/examples/hydronest.example.toml"
    emulated -c "import sys
sys.path[:0] = ['/usr/lib/hydronest', '/usr/lib/hydronest/vendor']
import agent.flight.process, agent.supervisor.main, hil.demo.layout
import apsw, asyncua, cryptography.x509, mavsdk, orjson, paho.mqtt.client, pymodbus, serial, sqlite_utils, uvloop
import platform; print(platform.machine(), sys.version.split()[0], 'loads all of it')"
    exit 0
fi

say "making a bare Debian ($suite, $arch)"
mmdebstrap --quiet --arch="$arch" --variant=minbase --include="$python,mosquitto" "$suite" "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/pts"
for node in null zero full random urandom tty; do # where no node may be made the machine's own stands for it
    [ -e "$root/dev/$node" ] || { touch "$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"; }
done
[ -e "$root/dev/ptmx" ] || ln -s pts/ptmx "$root/dev/ptmx"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" # the town's serial lines
inside() { # nothing but the loopback
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh chroot "$root" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin QEMU_CPU=$QEMU_CPU HOME=/root "$@"
}
there() { (cd "$root" && find . -xdev -path ./proc -prune -o -path ./dev -prune -o -path ./tmp -prune -o -path ./var/lib/dpkg -prune -o \
    -path ./var/log -prune -o -path ./var/cache -prune -o -print | sort; grep -c . etc/passwd etc/group); }

there > "$root/tmp/before"
cp "$package" "$root/tmp/"
say "installing it"
inside dpkg -i "/tmp/$name" >&2
inside id hydronest >&2
inside hydronest --version
inside hydronest --lang en check /usr/share/doc/hydronest/examples/hydronest.example.toml
inside "$python" -c 'import importlib.util as found
assert not [name for name in ("agent", "config", "drivers", "hil", "protocols", "pydantic") if found.find_spec(name)]'
say "the service's own command, every process of it"
cp "$trial" "$root/etc/hydronest/hydronest.toml"
inside setpriv --reuid=hydronest --regid=hydronest --init-groups sh -c '
    hydronest run /etc/hydronest/hydronest.toml 2>/tmp/run.log & agent=$!
    trap "kill $agent; cat /tmp/run.log >&2" EXIT
    hydronest --lang en status --wait 30 && exit 1 # every line is down
    hydronest --json doctor | grep -q "doctor.refused" || exit 1
    for part in core opcua uplinks; do grep -q "\"child\": \"$part\", \"state\": \"running\"" /var/lib/hydronest/tree.json || exit 1; done
    kill $agent && wait $agent && trap - EXIT'
rm "$root/etc/hydronest/hydronest.toml"
say "a whole town for 20 s"
inside setpriv --reuid=hydronest --regid=hydronest --init-groups hydronest demo --for 20s --plain --lang en
say "installing it over itself, removing it: what is kept is kept"
inside sh -c 'echo kept > /var/lib/hydronest/kept && echo kept > /etc/hydronest/hydronest.toml'
inside dpkg -i "/tmp/$name" >&2
inside dpkg -r hydronest >&2
inside grep -q kept /var/lib/hydronest/kept /etc/hydronest/hydronest.toml
say "purging it"
inside dpkg -P hydronest >&2
there > "$root/tmp/after"
diff "$root/tmp/before" "$root/tmp/after" | grep -v '^[<>] ./etc/\(passwd\|group\|shadow\|gshadow\)-$' | grep '^[<>]' && exit 1
say "nothing of it is left"
