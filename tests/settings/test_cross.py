"""What must fit together: ids, wires, units, kinds, secrets, and how full a line may be."""

import os
from pathlib import Path

import pytest

from agent.settings import secret
from agent.settings.load import load
from agent.settings.relay import relay
from tests.settings.conftest import PROFILE, SITE, Checked
from tests.settings.test_mistakes import device, line, of

WORKING_OPCUA = line("water", "opcua", url='"opc.tcp://h:4840"')


@pytest.mark.parametrize(
    ("extra", "where", "words"),
    [
        (device("H002", unit="1"), 'devices[1] "H002".unit', "already; write the unit the device is set to"),
        (device("H002", unit='"H2"'), 'devices[1] "H002".unit', "from 1 to 247"),
        (device("H002", unit="0"), 'devices[1] "H002".unit', "from 1 to 247"),
        (device("H002", station='"S2"'), 'devices[1] "H002".station', "there is no station 'S2'; write one of S1"),
        (device("H002", profile='"hydrant/onw"'), 'devices[1] "H002".profile', "write 'hydrant/own'"),
        (device("H002", profile='"qq"'), 'devices[1] "H002".profile', "put qq.toml into a folder"),
        (device("H002", offsets="{ presure = 1 }"), 'devices[1] "H002".offsets.presure', "write 'pressure'"),
        (device("street"), 'devices[1] "street".id', "taken by lines[0]"),
        (device("H 2"), 'devices[1] "H 2".id', "letters, digits"),
        (device("H002", kind='"water_point"'), 'devices[1] "H002".profile', "a water_point needs 'level'"),
        (device("H002", place="{ lon = 18.9, lat = 91 }"), 'devices[1] "H002".place', "swapped"),
        (device("H002", place="{ lon = 200, lat = 1 }"), 'devices[1] "H002".place.lon', "from -180 to 180"),
        (device("H002", outlets_mm='["65"]'), 'devices[1] "H002".outlets_mm[0]', "a whole number from 25 to 200"),
        (device("H002", sort='"pond"'), 'devices[1] "H002".sort', "unknown key"),
        (line("two", "serial", port='"/dev/serial/by-id/usb-1"'), 'lines[1] "two".port', "belongs to line 'street'"),
        (line("two", "tpc", host='"h"'), 'lines[1] "two".kind', 'write "tcp"'),
        (line("two", "tcp", host='"h:502/x"'), 'lines[1] "two".host', "without port or path"),
        (line("two", "opcua", url='"http://h"'), 'lines[1] "two".url', "opc.tcp://HOST:PORT"),
        (
            line("two", "opcua", url='"opc.tcp://h:4840"', user='"fire"'),
            'lines[1] "two".user',
            "in clear",
        ),
        (
            line("two", "opcua", url='"opc.tcp://h:4840"', security='"basic256sha256"'),
            'lines[1] "two"',
            "'server_certificate_file' is missing; fetch the server's certificate once",
        ),
        (
            WORKING_OPCUA + device("H002", line='"water"', unit='"H2"'),
            'devices[1] "H002".profile',
            "profile 'hydrant/own' speaks modbus, line 'water' is opcua",
        ),
        (
            '[[uplinks]]\nid = "b"\nkind = "mqtt"\nhost = "h"\nuser = "fire"\npassword_file = "pw"\n',
            'uplinks[1] "b".user',
            "add tls = { … }, or write allow_plain = true",
        ),
        ('[journal]\ncap_mb = 1\n', "journal.cap_mb", "8 to 1000000"),
        ("[journal]\ncap_mb = 8\n", "journal.event_floor_mb", "write at most 4"),
        ('[journal]\ncommit_every_s = nan\n', "journal.commit_every_s", "0.05 to 60"),
        (
            '[sound]\nrelay = { line = "street", unit = 1, coil = 0 }\n',
            "sound.relay.unit",
            "this is the unit of 'H001' on line 'street': its coil would be switched",
        ),
        ('[sound]\nrelay = { line = "strret", unit = 9, coil = 0 }\n', "sound.relay.line", "write 'street'"),
        (
            WORKING_OPCUA + '[sound]\nrelay = { line = "water", unit = 9, coil = 0 }\n',
            "sound.relay.line",
            "no Modbus line; write a Modbus line without a nest",
        ),
        ('[web]\nlisten = "0.0.0.0"\n', "web.listen", "write certificate_file and key_file, or listen at 127.0.0.1"),
        ('[web]\nlisten = "gateway"\n', "web.listen", "write an IP address"),
        ('[web]\ncertificate_file = "c.pem"\n', "web", "'key_file' is missing"),
        ('[jornal]\n', "jornal", "write 'journal'"),
    ],
)  # fmt: skip
def test_what_only_shows_when_two_places_are_held_together(
    checked: Checked, extra: str, where: str, words: str
) -> None:
    mistakes = checked(SITE + extra, own=PROFILE)
    assert words in of(mistakes, where).text(), [m.text() for m in mistakes]
    assert of(mistakes, where).line is not None


def test_nothing_sounds_on_a_line_of_a_nest() -> None:
    sound = {"sound": {"relay": {"line": "nests", "unit": 9, "coil": 0}}}
    (fault,) = relay(sound, {"nests": {"kind": "tcp"}}, [], [{"id": "n1", "line": "nests"}])
    assert (fault.what, fault.where) == ("settings.relay_beside_nest", ("sound", "relay", "line"))
    assert list(relay(sound, {"nests": {"kind": "tcp"}}, [], [])) == []


def test_secrets_must_be_there_and_closed_to_operators_too(
    checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uplink = (
        '[[uplinks]]\nid = "b"\nkind = "mqtt"\nhost = "h"\nuser = "fire"\npassword_file = "pw"\nallow_plain = true\n'
    )
    where = 'uplinks[1] "b".password_file'
    assert f"there is no file {tmp_path / 'pw'}" in of(checked(SITE + uplink), where).text()
    (tmp_path / "pw").write_text("secret")
    for mode in (0o644, 0o640, 0o604):
        (tmp_path / "pw").chmod(mode)
        assert f"chmod 600 {tmp_path / 'pw'}" in of(checked(SITE + uplink), where).text()
    (tmp_path / "pw").chmod(0o600)
    assert checked(SITE + uplink) == []
    crew = SITE.replace("[gateway]\n", '[gateway]\noperator_group = "crew"\n') + uplink
    for gid, mode, closed in ((500, 0o640, True), (os.getegid(), 0o640, False), (500, 0o660, False)):
        monkeypatch.setattr(secret, "gid_of", {"crew": gid}.get)
        (tmp_path / "pw").chmod(mode)
        assert (checked(crew) == []) is closed


def test_a_port_that_moves_is_doubted(checked: Checked) -> None:
    mistakes = checked(SITE.replace("/dev/serial/by-id/usb-1", "/dev/ttyUSB0"))
    assert [(m.where, m.doubtful) for m in mistakes] == [('lines[0] "street".port', True)]
    assert checked(SITE.replace("/dev/serial/by-id/usb-1", "/dev/pts/4")) == []


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ('unit = "kPa"', 'unit = "Cel"', "'pressure' of a hydrant measures pressure, not Cel; write a unit"),
        ('unit = "kPa"', 'enum = { 0 = "a" }', "'pressure' of a hydrant measures pressure"),
        ('protocol = "modbus"', 'protocol = "modbus"\nkind = "weather"', 'for weather, not hydrant; write kind'),
        ("[points.pressure]", "[points.presure]", "a hydrant needs 'pressure', profile 'hydrant/own' has none"),
    ],
)  # fmt: skip
def test_a_profile_that_does_not_suit_the_kind(checked: Checked, change: str, to: str, words: str) -> None:
    own = PROFILE.replace("float32", "uint16").replace("valid = [0, 2500]\n", "") if "enum" in to else PROFILE
    assert change in own
    mistakes = checked(SITE.replace("hydrant/terminal-float", "hydrant/own"), own=own.replace(change, to))
    assert words in "\n".join(m.text() for m in mistakes)
    assert not any(m.doubtful for m in mistakes)


def test_an_alarm_bit_almost_named_right_is_doubted(checked: Checked) -> None:
    bits = '[points.alarms]\nat = "input 9"\ntype = "uint16"\nbits = { 0 = "leek", 1 = "own_name" }\n'
    mistakes = checked(SITE.replace("hydrant/terminal-float", "hydrant/own"), own=PROFILE + bits)
    assert [(m.where, m.doubtful) for m in mistakes] == [('devices[0] "H001".profile', True)]
    assert "write 'leak' if it is meant" in mistakes[0].text()


def test_unit_ids_a_bus_does_not_know(checked: Checked) -> None:
    for kind, wrong in (("rtu_tcp", True), ("tcp", False)):
        site = SITE + line("two", kind, host='"h"') + device("H002", line='"two"', unit="255")
        assert [m.where for m in checked(site, own=PROFILE)] == (['devices[1] "H002".unit'] if wrong else [])


def test_a_line_that_cannot_carry_what_is_asked_is_refused(checked: Checked, tmp_path: Path) -> None:
    many = "".join(device(f"H{n:03}", profile='"hydrant/terminal-float"', unit=str(n)) for n in range(2, 41))
    mistake = of(checked(SITE + many), 'lines[0] "street"')
    assert not mistake.doubtful
    assert "would have to be busy" in mistake.text()
    assert "poll_s" in mistake.text()
    few = "".join(device(f"H{n:03}", profile='"hydrant/terminal-float"', unit=str(n)) for n in range(2, 31))
    mistake = of(checked(SITE + few), 'lines[0] "street"')
    assert mistake.doubtful
    assert load(tmp_path / "site.toml").doubts == (mistake,)


def test_one_tty_by_two_names_is_refused_with_both_lines(checked: Checked, tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    for name in ("by-id", "by-path"):
        (tmp_path / name).symlink_to(tmp_path / "ttyUSB0")
    site = SITE.replace("/dev/serial/by-id/usb-1", str(tmp_path / "by-id"))
    mistake = of(checked(site + line("two", "serial", port=f'"{tmp_path}/by-path"')), 'lines[1] "two".port')
    assert f"is the same port as {tmp_path}/by-id, which belongs to line 'street' already" in mistake.text()
    assert not mistake.doubtful
    assert mistake.line is not None


@pytest.mark.parametrize(("slowest_ms", "doubted"), [(20, False), (70, True)])
def test_a_check_counts_the_line_with_the_longest_answers(checked: Checked, slowest_ms: int, doubted: bool) -> None:
    """Ten hydrants that answer after 5 ms have room at 9600 baud; after 70 ms they have not."""
    own = PROFILE + '[points.alarms]\nat = "input 4"\ntype = "uint16"\nbits = { 0 = "leak" }\npoll = "alarm"\n'
    own += f"[modbus]\nturnaround_ms = [5, {slowest_ms}]\n"
    site = SITE.replace("baud = 19200", "baud = 9600")
    mistakes = checked(site + "".join(device(f"H1{n}", unit=str(n)) for n in range(10, 20)), own=own)
    found = [(mistake.doubtful, mistake.text()) for mistake in mistakes if "should its devices take" in mistake.text()]
    assert len(found) == doubted, [mistake.text() for mistake in mistakes]
    assert all(doubtful and "line 'street' will be busy up to" in text for doubtful, text in found)


def test_a_certificate_not_accepted_yet_stops_no_agent(checked: Checked) -> None:
    """First contact as documented: the line names the file, and `opcua trust` puts it there while the agent runs."""
    more = {"security": '"basic256sha256"', "server_certificate_file": '"trust/water.der"'}
    mistakes = checked(SITE + line("water", "opcua", url='"opc.tcp://h:4840"', **more))
    doubt = of(mistakes, 'lines[1] "water".server_certificate_file')
    assert doubt.doubtful
    assert "hydronest opcua trust" in doubt.text()
