"""What a child has given up is closed to it: tried from inside, against this very kernel."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.control.rights import Rights
from agent.settings.load import load
from agent.supervisor import landlock
from agent.supervisor.concerns import concerned
from agent.supervisor.confine import Reach
from agent.supervisor.main import specs
from agent.supervisor.reaches import reaches

ABI = landlock.version()
ROOT = Path(__file__).parents[2]

TRY = """
import errno, json, os, signal, socket, subprocess, sys
from pathlib import Path
from agent.supervisor.confine import Reach, confine

given = json.loads(sys.argv[1])
reach = {k: tuple(map(Path, v)) if isinstance(v, list) else v for k, v in given["reach"].items()}
other = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
listening = socket.create_server(("127.0.0.1", 0))
confine("tried", Reach(**reach))

def outcome(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"

def dial():
    socket.create_connection(listening.getsockname(), 2, ("", 0)).close()  # as an MQTT client does

def listen():
    socket.create_server(("127.0.0.1", given["free"])).close()

def terminal():
    os.close(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))

def renamed(folder):
    (folder / "new").write_text("x")
    (folder / "new").rename(folder / "kept")

told = {
    "read": {name: outcome(lambda: Path(name).read_bytes()) for name in given["read"]},
    "write": {name: outcome(lambda: renamed(Path(name))) for name in given["write"]},
    "dial": outcome(dial),
    "listen": outcome(listen),
    "terminal": outcome(terminal),
    "null": outcome(lambda: Path("/dev/null").write_text("x")),
    "signal": outcome(lambda: other.send_signal(signal.SIGCONT)),
    "own": outcome(lambda: subprocess.run(["sleep", "0"], check=True)),
    "status": Path("/proc/self/status").read_text(),
    "lazily": outcome(lambda: __import__("decimal")),
}
try:
    Path(f"/proc/{os.getpid()}/io").read_text()
    told["io"] = "ok"
except OSError as error:
    told["io"] = errno.errorcode[error.errno]
listening.close()
print(json.dumps(told))
other.stdin.close()
other.wait()
"""


def tried(reach: dict[str, Any], read: list[Path] = [], write: list[Path] = []) -> dict[str, Any]:  # noqa: B006 - not changed
    with socket.create_server(("127.0.0.1", 0)) as held:
        free = held.getsockname()[1]
    given = {"reach": reach, "read": [*map(str, read)], "write": [*map(str, write)], "free": free}
    done = subprocess.run(
        [sys.executable, "-c", TRY, json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


needs = pytest.mark.skipif(ABI < 2, reason="this kernel has no Landlock of version 2")


@needs
def test_files_and_folders_are_open_as_told_and_closed_else(tmp_path: Path) -> None:
    for name in ("own", "lent", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    key = tmp_path / "other/key"
    key.write_text("secret")
    told = tried(
        {"write": [str(tmp_path / "own"), str(tmp_path / "made")], "read": [str(tmp_path / "lent"), str(key)]},
        read=[tmp_path / "own/file", tmp_path / "lent/file", key, tmp_path / "other/file", Path("/etc/shadow")],
        write=[tmp_path / "own", tmp_path / "made", tmp_path / "lent", tmp_path / "other"],
    )
    assert list(told["read"].values()) == ["ok", "ok", "ok", "EACCES", "EACCES"]
    assert list(told["write"].values()) == ["ok", "ok", "EACCES", "EACCES"]
    assert told["null"] == told["own"] == told["lazily"] == "ok", "it still runs"
    assert told["terminal"] == "EACCES"
    assert "NoNewPrivs:\t1" in told["status"]


@needs
def test_a_folder_in_which_a_file_is_to_appear_is_made_and_open(tmp_path: Path) -> None:
    """Not there when the rest is given up, it would be closed for ever: a certificate accepted later went unread."""
    told = tried({"awaits": [str(tmp_path / "trust")]}, read=[tmp_path / "trust", tmp_path])
    assert list(told["read"].values()) == ["EISDIR", "EACCES"]


@needs
def test_devices_and_names_are_open_where_they_are_needed(tmp_path: Path) -> None:
    told = tried({"devices": True, "names": True}, read=[Path("/etc/hostname"), tmp_path / "nothing"])
    assert told["terminal"] == "ok"
    assert told["read"]["/etc/hostname"] == "ok"
    told = tried({}, read=[Path("/etc/hostname"), Path("/etc/hosts")])
    assert told["read"]["/etc/hosts"] == "ok", "localhost is looked up there"
    assert told["read"]["/etc/hostname"] in ("EACCES", "ENOENT")


@pytest.mark.skipif(ABI < 4, reason="this kernel's Landlock knows no TCP")
def test_nobody_listens_and_who_does_not_dial_cannot() -> None:
    assert (tried({})["listen"], tried({})["dial"]) == ("EACCES", "ok")
    assert tried({"dials": False})["dial"] == "EACCES"
    assert tried({"listens": True})["listen"] == "ok"


@pytest.mark.skipif(ABI < 6, reason="this kernel's Landlock knows no signals")
def test_signals_to_others_are_for_who_may() -> None:
    assert tried({})["signal"] == "EPERM"
    assert tried({"signals": True})["signal"] == "ok"


@needs
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything of everybody")
def test_only_who_says_so_is_traceable() -> None:
    assert tried({})["io"] == "EACCES"
    assert tried({"traceable": True})["io"] == "ok"


SITE = """
[gateway]
id = "g1"
state_dir = "state"
socket = "run/control.sock"

[[lines]]
id = "street"
kind = "serial"
port = "/dev/serial/by-id/usb-adapter"

[[lines]]
id = "company"
kind = "opcua"
url = "opc.tcp://10.8.0.5:4840/"
security = "basic256sha256"
server_certificate_file = "trust/company.der"

[[devices]]
id = "H1"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"

[[devices]]
id = "H2"
kind = "hydrant"
profile = "hydrant/opcua"
line = "company"
unit = "H2"

[[uplinks]]
id = "city"
kind = "mqtt"
host = "mqtt.example.org"
tls = { ca_file = "ca.pem" }
"""


def test_the_table_gives_each_child_its_own(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/company.der").touch()
    (tmp_path / "site.toml").write_text(SITE)
    settings = load(tmp_path / "site.toml")
    (tmp_path / "trust/company.der").unlink()
    table = reaches(settings)
    state = tmp_path / "state"
    core, uplinks, opcua, report = (table[name] for name in ("core", "uplinks", "opcua", "report"))
    assert set(core.write) == {state, tmp_path / "run", tmp_path / "trust"}
    assert (core.devices, core.names, core.signals) == (True, False, False)
    assert (uplinks.write, uplinks.read, uplinks.devices, uplinks.names) == ((), (tmp_path / "ca.pem",), False, True)
    assert opcua.write == (state / "opcua",)
    assert opcua.awaits == (tmp_path / "trust",), "the certificate is accepted while it runs"
    assert (opcua.devices, opcua.names) == (False, False)
    (state / "opcua").mkdir(parents=True)
    (state / "opcua/own-key.pem").touch()
    assert reaches(settings)["opcua"].write == (), "its key is made once"
    assert (report.write, report.read, report.dials) == (
        (state / "evidence", state / "water"),
        (state / "ledger",),
        False,
    )
    assert all(state not in reach.read and state not in reach.write for name, reach in table.items() if name != "core")


def test_who_shows_pages_reads_who_may_look_and_listens(tmp_path: Path) -> None:
    """Only there may anybody listen, at the bidding of the site file; it dials nobody and writes nothing."""
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "site.toml").write_text(SITE.partition("[[lines]]")[0] + "[web]\n")
    settings = load(tmp_path / "site.toml")
    web = reaches(settings)["web"]
    assert (web.awaits, web.write, web.read) == ((tmp_path / "state/web",), (), ())
    assert (web.listens, web.dials, web.devices, web.names, web.signals) == (True, False, False, False, False)
    assert [child.name for child in specs(settings, reaches(settings), Rights(), allow_motion=False)] == ["core", "web"]
    changed = load(tmp_path / "site.toml")
    object.__setattr__(changed.site, "web", changed.site.web.model_copy(update={"port": 8461}))  # type: ignore[union-attr]
    assert concerned(settings, changed) == {"core", "web"}
    object.__setattr__(changed.site, "web", None)
    assert [child.name for child in specs(changed, reaches(changed), Rights(), allow_motion=False)] == ["core"]
    assert not reaches(changed)["core"].listens


SIGNED = """
[[lines]]
id = "plc"
kind = "tcp"
host = "10.8.0.6"

[[nests]]
id = "n1"
line = "plc"
profile = "command-word"
aircraft = "a1"
place = { lon = 118.87, lat = 28.94 }

[[aircraft]]
id = "a1"
url = "udpin://0.0.0.0:14550"
signing_key_file = "KEYS/a1.key"
"""


def test_a_renewed_certificate_is_in_reach_and_an_aircrafts_key_is_flights_alone(tmp_path: Path) -> None:
    """A file put in another's place is another file to the kernel: only its folder lets it in."""
    for folder, alone in (("keys", True), ("tls", False)):
        for name in ("tls/ca.pem", f"{folder}/a1.key"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x")
            (tmp_path / name).chmod(0o600)
        site = SITE.replace('"ca.pem"', '"tls/ca.pem"') + SIGNED.replace("KEYS", folder)
        (tmp_path / "site.toml").write_text(site)
        table = reaches(load(tmp_path / "site.toml"))
        readers = [name for name, reach in table.items() if tmp_path / folder / "a1.key" in reach.read]
        assert readers == ["flight"]
        assert (tmp_path / "tls" in table["uplinks"].read) is alone, "never a folder that holds another's secret"


def test_every_reach_is_confined() -> None:
    assert not Reach().everything
