#!/bin/sh
# A package installed, used and purged in a Debian of its own:  tools/deb_try.sh dist/hydronest_VERSION~debN_ARCH.deb
# Needs root and mmdebstrap; for arm64 on another machine qemu-user-static too, and binfmt_misc mounted. Ends as the
# first step that fails; nothing is fetched after the Debian itself.
set -eu
package=$(readlink -f "$1")
name=${package##*/}
case $name in *~deb12_*) suite=bookworm python=python3.11 ;; *~deb13_*) suite=trixie python=python3.13 ;; esac
arch=${name##*_}
arch=${arch%.deb}
export QEMU_CPU=cortex-a72 # a Pi 4's core; Debian 13 is ten times slower with the default one
root=$(mktemp -d)
trap 'umount "$root/proc" "$root/dev/pts" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
say() { printf '%s\n' "hydronest: $*" >&2; }

say "making a bare Debian ($suite, $arch)"
mmdebstrap --quiet --arch="$arch" --variant=minbase --include="$python,mosquitto" "$suite" "$root"
mount -t proc proc "$root/proc"
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
say "a whole town for 20 s"
inside setpriv --reuid=hydronest --regid=hydronest --init-groups hydronest demo --for 20s --plain --lang en
say "purging it"
inside dpkg -P hydronest >&2
there > "$root/tmp/after"
diff "$root/tmp/before" "$root/tmp/after" | grep -v '^[<>] ./etc/\(passwd\|group\|shadow\|gshadow\)-$' | grep '^[<>]' && exit 1
say "nothing of it is left"
