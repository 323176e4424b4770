#!/bin/sh
# Upgrade and rollback between two real packages, under a systemd that has booted and with what a gateway owes:
#   tools/deb_upgrade.sh OLD.deb NEW.deb      (both of this machine's architecture; of one Debian)
# 10,000 records that no platform has yet, an alarm that somebody has seen and that still stands, a filed flight. OLD to a
# NEW whose core does not begin (it goes back by itself); OLD to NEW, whoever keeps it killed in the middle of dpkg and
# while it watches; NEW to OLD. At the end a broker: each record of before arrives. Takes some 25 minutes, for each watch
# takes five. Needs root, mmdebstrap, openssl and systemd-nspawn; the box has no network.
set -eu
here=$(dirname "$(readlink -f "$0")")
old=$(readlink -f "$1")
new=$(readlink -f "$2")
name=${old##*/}
[ "$name" = "${new##*/}" ] || { echo "name both as one version of one Debian: $name" >&2; exit 1; }
work=$(mktemp -d)
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT
. "$(dirname "$(readlink -f "$0")")/deb_machine.sh"

say "three sticks: the old one, the new one, and one whose core does not begin"
openssl genpkey -algorithm ED25519 -out "$work/key.pem" 2>/dev/null
mkdir "$work/bad"
dpkg-deb -R "$new" "$work/in"
part=usr/lib/hydronest/agent/core
rm "$work/in/$part/__pycache__"/process.*.pyc
sed -i '1i raise RuntimeError("of the trial")' "$work/in/$part/process.py"
(cd "$work/in" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zgzip -z1 -b "$work/in" "$work/bad/$name" > /dev/null
rm -r "$work/in"

make_box
for one in old new bad; do
    eval "folder=\${$one:-$work/bad/$name}"
    mkdir -p "$work/of-$one"
    cp "$folder" "$work/of-$one/$name"
    "$here/../.venv/bin/python" "$here/bundle.py" --key "$work/key.pem" --packages "$work/of-$one" --out "$root/srv/$one" > /dev/null
done
ln -s /dev/null "$root/etc/systemd/system/mosquitto.service" # until the end there is no platform
cat > "$root/srv/site.toml" <<'END'
[gateway]
id = "g1"
clock = "system"
state_dir = "/var/lib/hydronest"
[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"
port = 1502
[[lines]]
id = "dead"
kind = "tcp"
host = "127.0.0.1"
port = 1
[[devices]]
id = "H1"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 1
place = { lon = 118.87, lat = 28.97 }
[[devices]]
id = "H2"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "dead"
unit = 1
place = { lon = 118.871, lat = 28.971 }
[[uplinks]]
id = "province"
kind = "mqtt"
host = "127.0.0.1"
END
cat > "$root/srv/world.py" <<'END'
# Of the package's own code: `hydrant` is a terminal on the wire; `fill` what a gateway owes; `owed` its names; `lacks`
# those that the platform has not heard.
import asyncio
import json
import sqlite3
import sys
from pathlib import Path

sys.path[:0] = ["/usr/lib/hydronest", "/usr/lib/hydronest/vendor"]
STATE = Path("/var/lib/hydronest")


async def hydrant():
    from drivers.profile.load import SHIPPED, read
    from hil.terminals.tcp import TerminalServer
    from hil.terminals.terminal import Terminal

    profile, _ = read(SHIPPED / "hydrant/terminal-float.toml")
    says = {"pressure": 312.5, "flow": 0.0, "temperature": 18.0, "battery": 12.1, "pressure_low_limit": 100.0}
    async with TerminalServer({1: Terminal(profile, 1, lambda _at: says)}, port=1502):
        await asyncio.Event().wait()


async def fill():
    from agent.core.open_journal import open_journal
    from agent.flight.logbook.logbook import Logbook
    from agent.runtime.write_behind import WriteBehind
    from agent.settings.load import load
    from drivers.sample import Layout, Sample
    from protocols.clock import boottime_ns

    journal = await open_journal(load(Path("/etc/hydronest/hydronest.toml")), boottime_ns)
    loop = asyncio.create_task(journal.run())
    layout = Layout("hydrant", ("pressure",), ("kPa",))
    for number in range(10_000):
        journal.offer_sample(Sample("H1", layout, boottime_ns(), (300.0 + number / 100,), layout.good))
        await journal.flush()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await journal.close()
    card = WriteBehind("card")
    logbook = Logbook(STATE / "flight/flights", card)
    await logbook.load()
    record = logbook.begin("N1")
    await record.make()
    record.note("phase", 1.0, "", phase="launching")
    await record.written()
    logbook.file(record, {"id": record.id, "nest": "N1", "ended": "home"})


def owed():
    """Every record there is, by the name a platform knows it by. The agent holds its file alone: of a copy."""
    from agent.journal.start_name import start_text

    for name in ("journal.db", "journal.db-wal"):
        Path("/tmp", name).write_bytes((STATE / name).read_bytes())
    journal = sqlite3.connect("/tmp/journal.db")
    lanes = [journal.execute(f"SELECT boot, seq FROM {lane}").fetchall() for lane in ("event", "telemetry", "summary")]
    return {(start_text(boot), seq) for lane in lanes for boot, seq in lane}


def heard():
    """What came to the platform."""
    told = [json.loads(line) for line in Path("/srv/heard").read_text("utf-8", "replace").splitlines() if '"seq"' in line]
    return {(one["boot"], one["seq"]) for one in told if "boot" in one and "seq" in one}


if sys.argv[1] == "owed":
    print("\n".join(f"{boot} {seq}" for boot, seq in sorted(owed())))
elif sys.argv[1] == "lacking":
    before = {tuple(line.split()) for line in Path("/srv/owed").read_text().splitlines()}
    print(len(before - {(boot, str(seq)) for boot, seq in heard()}), "of", len(before), "records of before are missing")
else:
    asyncio.run({"hydrant": hydrant, "fill": fill}[sys.argv[1]]())
END
cat > "$root/srv/prove.sh" <<'END'
#!/bin/sh
exec > /srv/log 2>&1
set -eux
trap 'journalctl -u hydronest -u hydronest-upgrade --no-pager | tail -60; systemctl poweroff --force --force' EXIT
world() { PYTHON -IS /srv/world.py "$@"; }
flights() { find /var/lib/hydronest/flight/flights -type f -exec sha256sum {} + | sort; }
whole() { # the service runs, and everything it owed is there
    systemctl is-active hydronest
    for again in 1 2 3 4 5; do                                     # a copy made while it was being written shows less
        world owed > /srv/now && [ -z "$(comm -23 /srv/owed /srv/now)" ] && break
        [ $again != 5 ]
        sleep 2
    done
    [ "$(flights)" = "$(cat /srv/flights)" ]
    hydronest --json alarm list | grep -q trial
    date
}
home=/var/lib/hydronest-upgrade
killed() { # whoever keeps it, with everything he has begun, once that stage is written
    until grep -qs "\"stage\": \"$1\"" $home/plan.json; do sleep 0.2; done
    sleep "$2"
    systemctl kill -s KILL hydronest-upgrade
    touch "/srv/killed-$1"
}
dpkg -i /srv/old/*.deb
install -m 640 -g hydronest /srv/site.toml /etc/hydronest/hydronest.toml
world fill
chown -R hydronest:hydronest /var/lib/hydronest
world hydrant &
systemctl start hydronest
for wait in 1 2 3 4 5 6; do sleep 5; ! hydronest alarm ack dead --by trial || break; done
world owed > /srv/owed
flights > /srv/flights
[ "$(wc -l < /srv/owed)" -gt 10000 ]
[ "$(wc -l < /srv/flights)" -ge 3 ]
whole
sum=$(sha256sum /srv/bad/release.pem | cut -d" " -f1)
hydronest --lang en upgrade /srv/bad/*.deb --key "$sum" --yes && exit 1        # it comes back by itself
grep -q rolled_back $home/outcome.json
whole
hydronest --json doctor > /srv/doctor.json || [ $? = 1 ]
[ ! -e /usr/lib/hydronest/agent/cli/doctor/upgraded.py ] || grep -q doctor.upgrade_undone /srv/doctor.json
killed installing 1 &
first=$!
killed watching 20 &
second=$!
hydronest --lang en upgrade /srv/new/*.deb --yes || hydronest --lang en upgrade --wait
wait $first $second || true
[ -e /srv/killed-installing ]
[ -e /srv/killed-watching ]
grep -q kept $home/outcome.json
whole
hydronest --lang en upgrade /srv/old/*.deb --yes
grep -q kept $home/outcome.json
whole
printf 'listener 1883 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n' > /srv/broker.conf
mosquitto -c /srv/broker.conf &
sleep 2
mosquitto_sub -h 127.0.0.1 -q 1 -i platform -c -t '#' > /srv/heard &
for wait in 1 2 3 4 5 6 7 8 9 10 11 12; do
    sleep 10
    world lacking | tee /srv/lacking
    ! grep -q '^0 of' /srv/lacking || break
done
grep '^0 of' /srv/lacking
touch /srv/proven
END
boot_box 3600
say "back by itself, forth through two kills, and back: $(cat "$root/srv/lacking")"
