"""Fifty stations' files side by side: what two of them may not both say is found at the later one, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import exits
from agent.cli.main import main
from agent.settings.together import together
from drivers.profile.mistake import Mistake

SITE = """
[gateway]
id = "gw-{n}"
state_dir = "state"

[[lines]]
id = "street"
kind = "tcp"
host = "192.168.10.20"

[[devices]]
id = "S{n}-H1"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 1
place = {{ lon = {lon:.6f}, lat = 28.97 }}

[[uplinks]]
id = "province"
kind = "mqtt"
host = "iot.example.org"
client_id = "c{n}"
tls = {{ certificate_file = "gateway.pem", key_file = "gateway.key" }}

[[uplinks]]
id = "centre"
kind = "gb26875"
host = "10.30.0.8"
port = 5200
address = {n}
"""


@pytest.fixture
def stations(tmp_path: Path) -> Callable[..., list[Path]]:
    """Files of so many stations, each in a folder of its own with a certificate of its own; one text of one changed."""

    def make(count: int, *, at: int = -1, old: str = "", new: str = "") -> list[Path]:
        paths = []
        for n in range(count):
            folder = tmp_path / f"{n}"
            folder.mkdir(exist_ok=True)
            (folder / "gateway.pem").write_text(f"certificate {n}")
            (folder / "gateway.key").write_text(f"key {n}")
            (folder / "gateway.key").chmod(0o600)
            text = SITE.format(n=n, lon=118.8 + n / 1000)
            assert n != at or old in text
            (folder / "site.toml").write_text(text.replace(old, new) if n == at else text, "utf-8")
            paths.append(folder / "site.toml")
        return paths

    return make


def told(mistakes: list[Mistake]) -> list[tuple[str, str, str]]:
    """(whose file, what, the other's file)."""
    return [(one.file.parent.name, one.what, Path(str(one.facts["other"])).parent.name) for one in mistakes]


def test_what_only_shows_between_them_is_found(stations: Callable[..., list[Path]], tmp_path: Path) -> None:
    assert together(stations(50)) == []
    for old, new, code in (
        ('"gw-40"', '"gw-3"', "gateway_taken"),
        ('"c40"', '"c3"', "client_taken"),
        ('"S40-H1"', '"S3-H1"', "asset_taken"),
        ("address = 40", "address = 3", "address_taken"),
        ("lon = 118.840000", "lon = 118.803010", "same_place"),  # a metre beside
        # the same hydrant, off a Chinese map: GCJ-02 of (118.803, 28.97), some 500 m away in its own degrees
        ("lon = 118.840000, lat = 28.97", 'lon = 118.807904, lat = 28.967015, datum = "gcj02"', "same_place"),
    ):
        found = together(stations(50, at=40, old=old, new=new))
        assert told(found) == [("40", f"settings.{code}", "3")], new
        assert [one.doubtful for one in found] == [code == "same_place"]
        assert found[0].line is not None
        assert "40" in found[0].text("zh")
    (tmp_path / "40/gateway.key").write_text("key 3")
    assert told(together(stations(50, at=3, old="gateway.key", new="../40/gateway.key"))) == [
        ("40", "settings.certificate_taken", "3")
    ]


def test_one_file_with_mistakes_hides_nothing_of_the_others(
    stations: Callable[..., list[Path]], tmp_path: Path
) -> None:
    paths = stations(3, at=2, old='id = "gw-2"', new='id = "gw-0"\nno_such_key = 1')
    (tmp_path / "1/site.toml").write_text("[gateway\n", "utf-8")
    assert told(together(paths)) == [("2", "settings.gateway_taken", "0")]


def test_the_command_takes_several(
    stations: Callable[..., list[Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(path) for path in stations(3)]
    assert main(["--lang", "en", "check", *paths, paths[0]]) == exits.OK
    assert capsys.readouterr().out == "3 site files: 0 mistakes, 0 doubts\n"
    stations(3, at=2, old='"gw-2"', new='"gw-0"')
    assert main(["--json", "check", *paths]) == exits.BAD_SETTINGS
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["file"], one["reason"]["code"]) == (paths[2], "settings.gateway_taken")
    stations(3, at=2, old="unit = 1", new="unit = 300")
    assert main(["--lang", "zh", "check", *paths]) == exits.BAD_SETTINGS
    assert capsys.readouterr().out.splitlines()[-1] == "3 个站点文件: 1 处错误, 0 处存疑"
