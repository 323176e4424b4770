"""What the doctor looks at, planted for real: files of a machine, ports, far ends, an agent that hangs."""

import errno
import hashlib
import json
import os
import socket
import ssl
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits, words
from agent.cli.doctor import box, ports, reach, rounds, time_of_day
from agent.cli.doctor.bundle import masked
from agent.cli.main import main
from agent.runtime.version import BUILT_MS
from agent.settings.lines import SerialLine
from agent.settings.uplinks import Tls
from hil.broker.certificates import make_certificates
from hil.ports import free_port
from protocols.reason import Reason
from tests.doctor.a_healthy_site import SITE, settings_of
from tests.waiting import scaled


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_the_machine_is_read_where_linux_tells_of_it(tmp_path: Path) -> None:
    assert box.look(None, tmp_path, {}) == box.Box()
    put(tmp_path / "sys/fs/ext4/mmcblk0p2/errors_count", "3\n")
    put(tmp_path / "sys/block/mmcblk0/device/life_time", "0x02 0x09\n")
    put(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    put(tmp_path / "var/lib/dpkg/status", "Package: hydronest\nStatus: install ok unpacked\nPriority: optional\n")
    rules = "usr/lib/hydronest/config/rules/cn.toml"
    put(tmp_path / rules, "changed by hand")
    put(tmp_path / "usr/lib/hydronest/agent/same.py", "same")
    digest = hashlib.md5(b"same", usedforsecurity=False).hexdigest()
    lines = (f"{digest}  usr/lib/hydronest/agent/same.py", f"{digest}  {rules}", f"{digest}  usr/bin/hydronest")
    put(tmp_path / "var/lib/dpkg/info/hydronest.md5sums", "\n".join(lines) + "\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    full = os.statvfs_result((4096, 4096, 1000, 0, 0, 10, 0, 0, os.ST_RDONLY, 255))
    seen = box.look(Path("/var/lib/x"), tmp_path, {"LANG": "zh_CN.GB2312"}, lambda _: full)
    assert seen == box.Box(
        card=box.FileSystem("/var/lib/x", 0, 4_096_000, 0, True),
        card_errors=3,
        wear=9,
        throttled=0x50005,
        charset="GB2312",
        zone="Etc/UTC",
        package="unpacked",
        changed=(f"/{rules}",),
    )


def test_what_the_terminal_is_set_to() -> None:
    for told, charset in (
        ({}, ""), ({"LANG": "C"}, ""), ({"LANG": "zh_CN.UTF-8"}, ""), ({"LANG": "en_US.utf8@euro"}, ""),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.gb18030"}, "GB18030"), ({"LC_CTYPE": "zh_CN"}, "GB2312"),
        ({"LANG": "zh_TW"}, "BIG5"), ({"LANG": "de_DE.ISO-8859-15@euro"}, "ISO-8859-15"), ({"LANG": "en_US"}, ""),
    ):  # fmt: skip
        assert box.look(None, Path("/nowhere"), told).charset == charset, told


def test_who_keeps_the_clock_and_who_has_the_port(tmp_path: Path) -> None:
    put(tmp_path / "proc/71/comm", "chronyd\n")
    put(tmp_path / "proc/72/comm", "ModemManager\n")
    assert time_of_day.look(tmp_path).keepers == ("chronyd",)
    assert not time_of_day.look(tmp_path).proven, "it names no source"
    for content, proven in (
        ("pool 2.debian.pool.ntp.org iburst\n", False),
        ("# server a nts\nserver b iburst\n", False),
        ("server a iburst nts\npool b\n", False),
        ("server a iburst nts\npool b\nauthselectmode require\n", True),
        ("server a iburst NTS\npeer b key 7\nrefclock PPS /dev/pps0\n", True),
        ("server nts iburst\n", False),
    ):
        put(tmp_path / "etc/chrony/sources.d/a.sources", content)
        clock = time_of_day.look(tmp_path)
        assert clock.proven is proven, content
        for flies in (True, False):
            (found,) = time_of_day.judged(clock._replace(wall_ms=BUILT_MS, error_ms=4), own_clock=False, flies=flies)
            assert (found.why is not None and found.why.code == "doctor.clock_unproven") is (flies and not proven)
    taken, gone = tmp_path / "ttyUSB7", tmp_path / "ttyUSB8"
    taken.touch()
    (tmp_path / "proc/72/fd").mkdir()
    (tmp_path / "proc/72/fd/9").symlink_to(taken)
    lines = [SerialLine(id=name, kind="serial", port=str(path)) for name, path in (("a", taken), ("b", gone))]
    seen = ports.look(lines, tmp_path)
    assert seen == [
        ports.Port("a", str(taken), True, ("ModemManager",)),
        ports.Port("b", str(gone), False),
    ]
    assert ports.look(lines[:1], tmp_path, ours=frozenset({72})) == [ports.Port("a", str(taken), True)]


@contextmanager
def far_end(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Answers every connection on the loopback in its own way; ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, suppress(OSError):
                        client.settimeout(scaled(5))
                        answer(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def secured(folder: Path, *, client: bool = False) -> Callable[[socket.socket], None]:
    """A far end with TLS; with `client` it wants a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
    if client:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED

    def answer(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(64)

    return answer


def plain(client: socket.socket) -> None:
    """A broker without TLS that says so in its own words."""
    client.recv(64)
    client.sendall(b"\x20\x02\x00\x05 not MQTT")


def tried(host: str, port: int, tls: Tls | None, **other: Any) -> str:
    way = reach.reached(reach.Goal("uplink", "u", host, port, tls, **other), scaled(3))
    return "wants tls" if way.wants_tls else way.trouble.code if way.trouble else ""


def test_each_step_of_the_way_fails_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs, old = (tmp_path / name for name in ("ours", "theirs", "old"))
    make_certificates(ours, "gateway")
    make_certificates(theirs)
    make_certificates(old, expired=True)
    known = Tls(ca_file=ours / "ca.pem")
    monkeypatch.setattr(reach, "ALERT_S", scaled(0.3))
    assert tried("127.0.0.1", free_port(), None) == "doctor.refused"
    assert tried("no such host", 1883, None) == "doctor.no_name"
    with far_end(plain) as port:
        assert tried("127.0.0.1", port, None, may_want_tls=True) == ""
        assert tried("127.0.0.1", port, known) == "tls.WRONG_VERSION_NUMBER"
    with far_end(secured(ours)) as port:
        assert tried("127.0.0.1", port, None, may_want_tls=True) == "wants tls"
        assert tried("127.0.0.1", port, known) == ""
        assert tried("127.0.0.1", port, Tls(ca_file=theirs / "ca.pem")) == "tls.certificate_no_local_issuer"
        assert tried("127.0.0.1", port, Tls()) == "tls.certificate_no_local_issuer"
        named = Tls(ca_file=ours / "ca.pem", server_name="iot.example.org")
        assert tried("127.0.0.1", port, named) == "tls.certificate_other_host"
        assert tried("127.0.0.1", port, Tls(ca_file=tmp_path / "none.pem")) == "file.trouble"
    with far_end(secured(ours, client=True)) as port:
        assert tried("127.0.0.1", port, known) == "tls.TLSV13_ALERT_CERTIFICATE_REQUIRED"
        mine = Tls(ca_file=ours / "ca.pem", certificate_file=ours / "gateway.pem", key_file=ours / "gateway.key")
        assert tried("127.0.0.1", port, mine) == ""
    with far_end(secured(old)) as port:
        assert tried("127.0.0.1", port, Tls(ca_file=old / "ca.pem")) == "tls.certificate_expired"


def test_our_certificates_are_counted_down(tmp_path: Path) -> None:
    make_certificates(tmp_path / "certs", "gateway")
    (tmp_path / "certs/broken.pem").write_text("no certificate")
    tls = 'tls = { certificate_file = "certs/%s.pem", key_file = "certs/gateway.key" }\n'
    settings, mistakes = settings_of(tmp_path, SITE + tls % "gateway")
    assert settings is not None, mistakes
    (one,) = reach.expiries(settings, datetime.now(UTC))
    assert (one.subject, one.trouble) == ("province", None)
    assert 1.9 < one.days <= 2.0
    settings, _ = settings_of(tmp_path, SITE + tls % "broken")
    (one,) = reach.expiries(settings, datetime.now(UTC))
    assert one.trouble is not None
    assert one.trouble.code == "opcua.not_a_certificate"


def test_the_whole_round_is_back_in_time_and_its_archive_tells_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An agent that takes connections and says nothing; a password in a file, in the site file, in an address."""
    monkeypatch.setattr(rounds, "ASK_S", 0.2)
    (tmp_path / "state").mkdir()
    make_certificates(tmp_path / "certs", "gateway")
    put(tmp_path / "secrets/mqtt.password", "Feuer-1-geheim")
    (tmp_path / "secrets/mqtt.password").chmod(0o600)
    text = SITE.replace('host = "localhost"', f'host = "127.0.0.1"\nport = {free_port()}\nallow_plain = true')
    text += 'user = "g1"\npassword_file = "secrets/mqtt.password"\n# opc.tcp://water:Feuer-2-geheim@192.168.20.5:4840\n'
    settings, mistakes = settings_of(tmp_path, text.replace("192.168.10.20", "127.0.0.1"))
    assert settings is not None, mistakes
    archive = tmp_path / "doctor.tar.gz"
    log = "INFO water: opc.tcp://water:Feuer-3-geheim@192.168.20.5 took password = 'Feuer-4-geheim'"
    put(tmp_path / "bin/journalctl", f'#!/bin/sh\necho "$1 {log}"\n')
    (tmp_path / "bin/journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "state/control.sock"))
        silent.listen(8)
        code = main(["doctor", str(tmp_path / "site.toml"), "--json", "--lang", "en", "--bundle", str(archive)])
    told = {(one["part"], one["subject"]): one["reason"] for one in json.loads(capsys.readouterr().out)}
    assert code == exits.DEGRADED
    assert told["agent", ""]["code"] == "doctor.agent_hangs"
    assert told["uplink", "province"]["code"] == "doctor.refused"
    assert told["line", "market"]["code"] == "doctor.refused"
    assert told["line", "street"]["code"] == "modbus.no_such_port"
    with tarfile.open(archive) as packed:
        inside = {member.name: packed.extractfile(member).read().decode() for member in packed}  # type: ignore[union-attr] # all are files
    assert archive.stat().st_mode & 0o077 == 0
    assert "Feuer" not in "".join(inside.values())
    assert "PRIVATE KEY" not in "".join(inside.values())
    assert 'password_file = "secrets/mqtt.password"' in inside["hydronest-doctor/site.toml"]
    assert json.loads(inside["hydronest-doctor/doctor.json"])[0]["part"] == "settings"
    assert inside["hydronest-doctor/log.txt"].startswith("--unit=hydronest INFO water: opc.tcp://***@192.168.20.5")


def test_what_somebody_wrote_into_the_site_file_is_masked() -> None:
    text = """password = "a\\"Geheim"
user_token="Geheim"
tls = { passphrase = 'Geheim, } auch', ca_file = "certs/ca.pem" }
secret = \'\'\'
Geheim
\'\'\'
password_file = "secrets/x"
url = "opc.tcp://wasser:Geheim@h"
url = "opc.tcp://wasser:Ge/heim@h"
"mqtt password" = "Geheim"
'a.password' = "Geheim"
passwords = ["Geheim", "Geheim"]
psk = "Geheim"
host = "wasser:Geheim@h"
"""
    assert (
        masked(text)
        == """password = ***
user_token=***
tls = { passphrase = ***, ca_file = "certs/ca.pem" }
secret = ***
password_file = "secrets/x"
url = "opc.tcp://***@h"
url = "opc.tcp://***@h"
"mqtt password" = ***
'a.password' = ***
passwords = ***
psk = ***
host = "***@h"
"""
    )


def test_a_mistake_that_quotes_a_secret_is_masked_and_a_full_card_takes_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "site.toml", SITE.replace('host = "localhost"', 'host = "wasser:Geheim@localhost"'))
    archive, arguments = tmp_path / "doctor.tar.gz", ["--json", "--socket", str(tmp_path / "none.sock")]
    doctor = ["doctor", str(tmp_path / "site.toml"), *arguments, "--bundle", str(archive)]
    assert main(doctor) == exits.DEGRADED
    assert "Geheim" in capsys.readouterr().out, "whoever asks has the file"
    with tarfile.open(archive) as packed:
        inside = [packed.extractfile(member).read().decode() for member in packed]  # type: ignore[union-attr] # all are files
    assert "Geheim" not in "".join(inside)
    archive.unlink()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(archive))

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    assert main(doctor) == exits.CANNOT_WRITE
    assert json.loads(capsys.readouterr().out)[0]["part"] == "settings"
    assert not archive.exists()
    archive.touch()
    monkeypatch.setattr(rounds, "look", None)
    assert main(doctor) == exits.CANNOT_WRITE, "told before anything is looked at"


def test_a_part_that_hangs_keeps_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card does not answer: the rest is told, and the card by name."""
    words.use("en")
    settings_of(tmp_path)
    gate = threading.Event()

    def late() -> set[str]:
        seen = rounds.look(tmp_path / "site.toml", str(tmp_path / "none.sock"), tmp_path)
        found = rounds.judged(seen, datetime.now(UTC))
        return {one.part for one in found if one.why is not None and one.why.code == "doctor.no_answer_in_time"}

    try:
        monkeypatch.setattr(rounds, "FIRST_S", scaled(1.0))
        monkeypatch.setattr(rounds, "ALL_S", scaled(rounds.ALL_S))
        monkeypatch.setattr(box, "look", lambda *_: gate.wait(scaled(60)))
        assert late() == {"card"}
        monkeypatch.setattr(rounds, "SETTINGS_S", 0.1)
        monkeypatch.setattr(rounds, "check", lambda *_: gate.wait(scaled(60)))
        assert late() == {"settings", "card"}
    finally:
        gate.set()


def test_a_site_file_that_cannot_be_read_is_a_finding_and_the_rest_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lies there: nobody waits for a pipe, and no thread ends for a circle of links or a million brackets."""
    site = tmp_path / "site.toml"

    def planted(plant: Callable[[], object]) -> str:
        plant()
        seen = rounds.look(site, str(tmp_path / "control.sock"), tmp_path)
        found = rounds.judged(seen, datetime.now(UTC))
        assert {one.part for one in found} > {"settings", "agent", "clock"}
        first = next(one for one in found if one.part == "settings")
        assert first.state == "fault"
        assert first.remedy is not None
        assert first.why is not None
        site.rmdir() if site.is_dir() else site.unlink()
        why = first.why.facts["why"]
        assert isinstance(why, Reason)
        return why.code

    def denied() -> None:
        site.write_text("")

        def refused(_path: Path) -> bytes:
            raise PermissionError(errno.EACCES, "")

        monkeypatch.setattr(Path, "read_bytes", refused)

    table: list[tuple[Callable[[], object], str]] = [
        (site.mkdir, "file.unreadable"),
        (lambda: site.symlink_to(site), "file.unreadable"),
        (lambda: os.mkfifo(site), "file.no_file"),
        (lambda: site.write_bytes(b"\xff"), "file.not_utf8"),
        (lambda: site.write_text(f"a = {'[' * 100_000}"), "toml.too_deep"),
        (lambda: site.write_text("[gateway"), "toml.syntax"),
        (denied, "file.unreadable"),
    ]
    assert [planted(plant) for plant, _code in table] == [code for _plant, code in table]
