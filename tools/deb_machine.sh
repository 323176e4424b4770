# Sourced by what tries packages in a Debian that boots under its own systemd, without a network. `name` is the package's
# file, `root` where the box is made. Needs root, mmdebstrap and systemd-nspawn (package systemd-container).
case $name in *~deb12_*) suite=bookworm python=python3.11 ;; *~deb13_*) suite=trixie python=python3.13 ;; esac
say() { printf '%s\n' "hydronest: $*" >&2; }

make_box() {
    say "making a Debian that boots ($suite)"
    mmdebstrap --quiet --variant=minbase --include="systemd,systemd-sysv,dbus,udev,$python,mosquitto,mosquitto-clients" \
        "$suite" "$root"
}

# Boot it for so many seconds at most: /srv/prove.sh runs in it, says PYTHON for its Python, and leaves /srv/proven.
boot_box() {
    sed -i "s|PYTHON|/usr/bin/$python|" "$root/srv/prove.sh"
    chmod 755 "$root/srv/prove.sh"
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/srv/prove.sh\n' \
        > "$root/etc/systemd/system/prove.service"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -s ../prove.service "$root/etc/systemd/system/multi-user.target.wants/prove.service"
    say "booting it"
    # A machine whose first process is no systemd has no hierarchy for nspawn to hang the box under: one of its own.
    unshare --mount sh -c '[ -d /run/systemd/system ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || {
    mkdir -p /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd,xattr cgroup /sys/fs/cgroup/systemd; }
exec timeout "$2" systemd-nspawn --quiet --register=no --keep-unit --private-network --directory="$1" --boot' \
        sh "$root" "$1" > /dev/null 2>&1 < /dev/null || true
    [ -e "$root/srv/proven" ] || { cat "$root/srv/log" >&2; exit 1; }
}
