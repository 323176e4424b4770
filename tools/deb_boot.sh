#!/bin/sh
# A package under a systemd that has booted: installed, started, reloaded, installed over itself, killed, purged, each as a
# gateway would see it; then from nothing to the first value at a platform by the README's own commands, counted.
#   tools/deb_boot.sh dist/hydronest_VERSION~debN_ARCH.deb      (this machine's own architecture)
# Needs root, mmdebstrap and systemd-nspawn (package systemd-container); the box it boots has no network.
set -eu
trial=$(dirname "$(readlink -f "$0")")/debian/trial.toml
package=$(readlink -f "$1")
name=${package##*/}
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
. "$(dirname "$(readlink -f "$0")")/deb_machine.sh"

make_box
cp "$package" "$root/srv/package.deb"
cp "$trial" "$root/srv/site.toml"
printf '%s\n' quzhou-kecheng-01 柯城消防救援站 kecheng 柯城区 wgs84 118.8718,28.9690 '' 127.0.0.1:1883 no > "$root/srv/answers"
cat > "$root/srv/devices.toml" <<'END'

[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"
port = 1502

[[devices]]
id = "H001"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 1
place = { lon = 118.8731, lat = 28.9702 }
END
cat > "$root/srv/hydrant.py" <<'END'
# A terminal on the wire, of the package's own simulation.
import asyncio
import sys

sys.path[:0] = ["/usr/lib/hydronest", "/usr/lib/hydronest/vendor"]

from drivers.profile.load import SHIPPED, read
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Terminal


async def main():
    profile, _ = read(SHIPPED / "hydrant/terminal-float.toml")
    says = {"pressure": 312.5, "flow": 0.0, "temperature": 18.0, "battery": 12.1, "pressure_low_limit": 100.0}
    async with TerminalServer({1: Terminal(profile, 1, lambda _at: says)}, port=1502):
        await asyncio.Event().wait()


asyncio.run(main())
END
cat > "$root/srv/prove.sh" <<'END'
#!/bin/sh
exec > /srv/log 2>&1
set -eux
trap 'journalctl -u hydronest --no-pager | tail -40; systemctl poweroff --force --force' EXIT
main() { systemctl show hydronest -p MainPID --value; }
runs() { # active, and every process of it works
    systemctl is-active hydronest
    for wait in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(grep -o '"state": "running"' /var/lib/hydronest/tree.json | wc -l)" = 3 ] && return 0
        sleep 1
    done
    cat /var/lib/hydronest/tree.json
    exit 1
}
purged() {
    for path in /etc/hydronest /var/lib/hydronest /usr/lib/hydronest /run/hydronest; do [ ! -e "$path" ]; done
    if getent passwd hydronest || systemctl cat hydronest; then exit 1; fi
}
dpkg -i /srv/package.deb
[ "$(systemctl is-enabled hydronest)" = enabled ]
[ "$(systemctl is-active hydronest)" = inactive ]             # it waits for the site file
install -m 640 -g hydronest /srv/site.toml /etc/hydronest/hydronest.toml
systemctl start hydronest
runs
hydronest --json doctor > /srv/doctor.json || [ $? = 1 ]
grep -q '"part":"agent","subject":"","state":"fine"' /srv/doctor.json
grep -q '"doctor.refused"' /srv/doctor.json
sed -i 's/127.0.0.1"$/127.0.0.2"/' /etc/hydronest/hydronest.toml
systemctl reload hydronest                                      # other settings, under the unit's own confinement
for wait in 1 2 3 4 5 6 7 8 9 10; do
    grep -q '"outcome": "done"' /var/lib/hydronest/tree.json && break
    sleep 1
done
grep -q '"begun": \["core", "uplinks"\]' /var/lib/hydronest/tree.json
runs
systemd-analyze security --no-pager --threshold=20 hydronest.service > /dev/null
echo kept > /var/lib/hydronest/kept
before=$(main)
dpkg -i /srv/package.deb                                      # over itself: stopped before, started after
[ "$(main)" != "$before" ]
runs
grep -q kept /var/lib/hydronest/kept
[ "$(systemctl show hydronest -p NRestarts --value)" = 0 ]
kill -9 "$(main)"                                              # systemd begins it anew
sleep 4
runs
[ "$(systemctl show hydronest -p NRestarts --value)" = 1 ]
dpkg -P hydronest
purged
commands=0
guide() { commands=$((commands + 1)); "$@"; }
guide dpkg -i /srv/package.deb
mosquitto_sub -h 127.0.0.1 -t '#' -W 25 > /srv/heard &
platform=$!
PYTHON -IS /srv/hydrant.py &
guide hydronest init < /srv/answers
cat /srv/devices.toml >> /etc/hydronest/hydronest.toml         # what the person types
guide hydronest check
guide systemctl start hydronest
wait "$platform" || true                                         # it has listened for as long as it should
head -c 2000 /srv/heard
grep -q 312.5 /srv/heard                                       # the first value, at the platform
guide hydronest --lang en doctor || [ $? = 1 ]                 # this box has no clock that anybody keeps
[ "$commands" = 5 ]
dpkg -P hydronest
purged
touch /srv/proven
END
boot_box 300
say "installed, started, reloaded, upgraded, killed and purged under systemd; the first value at a platform by 5 commands"
