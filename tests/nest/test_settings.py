"""Nests, aircraft and keys in the site file: read whole, held together, each mistake named; nothing heavy imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.load import check, load

SITE = """
[gateway]
id = "g1"
state_dir = "state"

[[lines]]
id = "plc"
kind = "tcp"
host = "192.168.1.9"

[[nests]]
id = "n1"
line = "plc"
profile = "command-word"
aircraft = "a1"
place = { lon = 118.87, lat = 28.94 }
fence = [[118.86, 28.93], [118.88, 28.93], [118.87, 28.95]]
duty = [{ operator = "zhang", start = "08:00", until = "20:00" }]
alternates = [{ name = "yard", place = { lon = 118.871, lat = 28.941 } }]
weather = { wind_ms = 12.0 }

[[aircraft]]
id = "a1"
url = "udpin://0.0.0.0:14550"

[[flight.keys]]
id = "k1"
person = "zhang"
role = "on_site"
public_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

[[flight.permits]]
id = "p1"
nest = "n1"
start = 2026-01-01
until = 2026-12-31

[[flight.standing_orders]]
id = "s1"
nest = "n1"
operator = "zhang"
until = 2026-12-31
"""


TWIN = """
[[flight.keys]]
id = "{id}"
person = "li"
role = "brigade"
public_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

"""
CRAFT = """
[[aircraft]]
id = "a2"
url = "udpin://0.0.0.0:14551"
system_id = 2
"""


def test_a_whole_site_with_a_nest(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(SITE)
    site = load(file).site
    assert site.nests[0].limits().max_height_m == 120.0
    assert len(site.nests[0].ring()) == 3
    assert site.nests[0].weather.wind_ms == 12.0
    assert site.aircraft[0].simulated is False
    assert site.flight.permits[0].until.year == 2026


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('aircraft = "a1"', 'aircraft = "a2"', "there is no aircraft 'a2'"),
        ('line = "plc"', 'line = "plx"', "there is no line 'plx'"),
        ('kind = "tcp"\nhost = "192.168.1.9"', 'kind = "opcua"\nurl = "opc.tcp://h:1"', "speaks Modbus"),
        ("udpin://0.0.0.0:14550", "udp://:14550", "is no aircraft address"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAA", "no Ed25519 public key"),
        ('"on_site"', '"boss"', "boss"),
        ("[118.88, 28.93], [118.87, 28.95]", "[118.88, 28.93]", "2 corners make no fence"),
        ('start = "08:00"', 'start = "8 am"', "no time of day"),
        ('[[flight.permits]]\nid = "p1"\nnest = "n1"', '[[flight.permits]]\nid = "p1"\nnest = "n2"', "no nest 'n2'"),
        (
            "[[flight.permits]]",
            TWIN.format(id="k2") + "[[flight.permits]]",
            "key k2: k1 has that id or that public key",
        ),
        (
            "[[flight.permits]]",
            TWIN.format(id="k1") + "[[flight.permits]]",
            "key k1: k1 has that id or that public key",
        ),
        ("[[flight.keys]]", '[flight]\ntwo_people = ["clear"]\n[[flight.keys]]', "are those of 1"),
        ("[[flight.keys]]", '[flight]\ntwo_people = ["recall"]\n[[flight.keys]]', "recall"),
        (':14550"', ':14550"\nsigning_key_file = "none"', "no file"),
        (':14550"', f':14550"\nsigning_key_file = "none"\n{CRAFT}', "a2 has no signing key and others have"),
        ('udpin://0.0.0.0:14550"', 'tcpin://0.0.0.0:1"\nsigning_key_file = "none"', "cannot be signed: tcpin"),
        ("wind_ms = 12.0", "wind_mph = 12.0", "wind_mph"),
        ('"command-word"', '"comand-word"', "there is no nest profile 'comand-word'"),
        ('"command-word"', '"make/own.toml"', "there is no nest profile 'make/own.toml'"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(SITE.replace(old, new))
    _, mistakes = check(file)
    assert told in "\n".join(mistake.text() for mistake in mistakes)
    assert all(mistake.text("zh") for mistake in mistakes)


def test_a_nests_own_profile_lies_beside_the_site_file_and_is_checked_with_it(tmp_path: Path) -> None:
    file, own = tmp_path / "site.toml", tmp_path / "make/own.toml"
    file.write_text(SITE.replace('"command-word"', '"make/own.toml"').replace("wind_ms = 12.0", "wind_mph = 12.0"))
    own.parent.mkdir()
    text = (Path(__file__).parents[2] / "config/nests/command-word.toml").read_text()
    own.write_text(text.replace("emergency_stop = ", "emergency_stopp = "))
    told = check(file)[1]
    assert {mistake.file for mistake in told} == {file, own}
    assert any("emergency_stopp" in mistake.text() for mistake in told)
    own.write_text(text)
    file.write_text(SITE.replace('"command-word"', '"make/own.toml"'))
    assert load(file).nest_profiles["n1"].points["emergency_stop"]


def test_a_nest_shares_its_line_with_no_device_and_is_told_how_to_split_it(tmp_path: Path) -> None:
    device = '[[devices]]\nid = "H1"\nkind = "hydrant"\nprofile = "hydrant/terminal-float"\nline = "plc"\nunit = 2\n'
    file = tmp_path / "site.toml"
    file.write_text(SITE + device)
    (mistake,) = (one for one in check(file)[1] if not one.doubtful)
    assert "line 'plc' also carries 'H1'" in mistake.text()
    assert "a [[lines]] of its own" in mistake.text()
    assert "机巢的线路只能挂机巢" in mistake.text("zh")


@pytest.mark.parametrize("port", [14550, 14560])
def test_one_nest_one_aircraft_one_id(tmp_path: Path, port: int) -> None:
    """One id on two links too: one ground station hears both links and knows aircraft by their id."""
    twin = SITE + f'\n[[aircraft]]\nid = "a2"\nurl = "udpin://0.0.0.0:{port}"\n'
    nest = SITE[SITE.index("[[nests]]") : SITE.index("[[aircraft]]")].replace('"n1"', '"n2"')
    file = tmp_path / "site.toml"
    file.write_text(twin + nest)
    told = "\n".join(mistake.text() for mistake in check(file)[1])
    for words in ("'a1' lives in nest 'n1' already", "no nest has aircraft 'a2'", "'a1' has system_id 1"):
        assert words in told


def test_a_site_without_a_nest_never_pays_for_mavsdk() -> None:
    code = (
        "import sys, agent.settings.load, agent.flight.requests, agent.flight.orders.dispatch; "
        "sys.exit(any(name in sys.modules for name in ('mavsdk', 'pymavlink')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
