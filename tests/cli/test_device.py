"""A terminal replaced or moved: what is written into the site file, and what only an editor may write there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from agent.cli import exits, unit_says
from agent.cli.main import main
from agent.cli.site_edit import SiteEdit
from agent.cli.trouble import Trouble
from agent.cli.words import use
from agent.settings.load import load

SITE = """\
# ours
[gateway]
id = "g1"
station = "s"
state_dir = "state"

[[stations]]
id = "s"
name = "柯城站"
place = { lon = 118.87, lat = 28.96 }

[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"

[[devices]]
  id = "H1"
  kind = "hydrant"
  profile = "hydrant/terminal-float"
  line = "street"
  unit = 1          # by the # dip switch
  name = "上街 #1"
  offsets = { pressure = 4.0 }   # of 2026-03
  place = { lon = 118.87, lat = 28.96, elevation_m = 66.0 }  # GPS

[[devices]]
id = "H2"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 2
"""
Typed = Callable[..., tuple[int, Any]]


class Wire:
    """A line on which these units answer everything with zeros."""

    def __init__(self, *units: int) -> None:
        self.units = units

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, unit: int, _table: str, _address: int, count: int) -> dict[str, Any]:
        return {"words": [0] * count} if unit in self.units else {"silent": True, "reason": None}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    path.chmod(0o640)
    return path


@pytest.fixture
def typed(site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """`typed(units that answer, "replace", "H1", …)`: exit code and JSON; no agent runs."""

    def run(units: tuple[int, ...], *words: str, lang: str = "en") -> tuple[int, Any]:
        monkeypatch.setattr(unit_says, "on_line", lambda *_: Wire(*units))
        socket = str(site.parent / "control.sock")
        code = main(["--json", "--lang", lang, "--socket", socket, "device", *words, "--site", str(site)])
        shown = capsys.readouterr()
        run.err = shown.err  # type: ignore[attr-defined]
        return code, json.loads(shown.out) if shown.out else None

    return run


def test_what_answers_is_written_and_nothing_else_is_touched(typed: Typed, site: Path) -> None:
    assert typed((7,), "replace", "H1", "--unit", "6", "--yes")[0] == exits.NO_ANSWER
    assert site.read_text("utf-8") == SITE
    code, told = typed((1, 7), "replace", "H1", "--unit", "7", "--yes")
    assert code == exits.OK
    assert {point["point"] for point in told["points"]} >= {"pressure", "battery"}
    assert [(one["key"], one["was"], one["is"]) for one in told["changes"]] == [
        ("unit", 1, 7), ("offsets", {"pressure": 4.0}, None)
    ]  # fmt: skip
    assert (told["reload"], told["history"]) == (None, None)
    said = typed.err  # type: ignore[attr-defined]
    assert "somebody still answers at unit 1" in said
    assert "tell it later: hydronest asset set H1" in said
    gone = "  offsets = { pressure = 4.0 }   # of 2026-03\n"
    assert site.read_text("utf-8") == SITE.replace(gone, "").replace("unit = 1          #", "unit = 7          #")
    assert site.with_name("site.toml.before").read_text("utf-8") == SITE
    assert {path.name for path in site.parent.iterdir()} == {"site.toml", "site.toml.before"}
    assert site.stat().st_mode & 0o777 == 0o640


def test_a_mute_one_an_address_that_is_taken_and_a_no_change_nothing(
    typed: Typed, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed((), "replace", "H1", "--unit", "2", "--yes")[0] == exits.BAD_SETTINGS
    assert "H2" in typed.err  # type: ignore[attr-defined]
    assert typed((), "replace", "H9", "--yes")[0] == exits.BAD_DATA
    assert typed((1,), "replace", "H1")[0] == exits.USAGE  # nobody is there to say yes
    assert typed((), "move", "H1", "118.87,28.96")[0] == exits.USAGE
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    assert typed((), "move", "H1", "118.88,28.96", "--yes")[0] == exits.NO_PERMISSION
    assert site.read_text("utf-8") == SITE
    assert {path.name for path in site.parent.iterdir()} == {"site.toml"}
    monkeypatch.undo()
    assert typed((), "replace", "H1", "--unit", "6", "--unseen", "--keep-offsets", "--yes")[1]["points"] == []
    assert [(one.unit, one.offsets) for one in load(site).site.devices] == [(6, {"pressure": 4.0}), (2, {})]


def test_a_place_is_written_as_it_was_typed_and_named(typed: Typed, site: Path) -> None:
    code, told = typed((), "move", "H1", "118.88，28.97", "--datum", "gcj02", "--yes", lang="zh")
    assert code == exits.OK
    assert [one["key"] for one in told["changes"]] == ["place"]
    assert 'place = { lon = 118.88, lat = 28.97, datum = "gcj02" }' in site.read_text("utf-8")
    assert "# GPS" in site.read_text("utf-8")
    assert typed((), "move", "H2", "118.89,28.97", "--elevation", "61.5", "--yes")[0] == exits.OK
    place = load(site).site.devices[1].place
    assert place is not None
    assert (place.lon, place.lat, place.elevation_m) == (118.89, 28.97, 61.5)
    # far from every other one: asked about before it is written, and not kept from whoever means it
    code, told = typed((), "move", "H2", "121.47,31.23", "--yes")
    assert code == exits.OK
    assert [one["facts"]["why"]["code"] for one in told["doubts"]] == ["settings.far_from_station"]


@pytest.mark.parametrize(
    ("was", "written"),
    [
        ('unit = 1          # by the # dip switch', "unit = 9          # by the # dip switch"),
        ('"unit" = 1', '"unit" = 9'),
        ("unit=1#x", "unit= 9  #x"),
        ("", 'id = "H1"\n  unit = 9'),
    ],
)  # fmt: skip
def test_a_value_goes_where_the_other_was(site: Path, was: str, written: str) -> None:
    for ends in ("\n", "\r\n"):
        for head in ("", "\ufeff"):
            text = head + SITE.replace("unit = 1          # by the # dip switch", was).replace("\n", ends)
            site.write_bytes(text.encode())
            with SiteEdit(site) as edit:
                edit.set("H1", "unit", 9)
                edit.check()
                edit.put()
            wanted = SITE.replace("unit = 1          # by the # dip switch", written)
            if not was:
                wanted = SITE.replace("unit = 1          # by the # dip switch", "").replace('id = "H1"', written)
            assert site.read_bytes() == (head + wanted.replace("\n", ends)).encode()


@pytest.mark.parametrize(
    "place",
    [
        "place.lon = 118.87\n  place.lat = 28.96",
        "[devices.place]\n  lon = 118.87\n  lat = 28.96",
    ],
)
def test_what_is_written_another_way_is_left_to_an_editor(site: Path, place: str) -> None:
    use("en")
    site.write_text(SITE.replace("place = { lon = 118.87, lat = 28.96, elevation_m = 66.0 }", place), "utf-8")
    with SiteEdit(site) as edit, pytest.raises(Trouble) as told:
        edit.set("H1", "place", {"lon": 1.0, "lat": 2.0})
    assert "only an editor can change" in told.value.message
    assert told.value.next_step == "Write it there: place = { lon = 1.0, lat = 2.0 }"


def test_two_people_do_not_overwrite_each_other(site: Path) -> None:
    use("en")
    with SiteEdit(site) as edit:
        edit.set("H1", "unit", 9)
        edit.check()
        site.write_text(SITE + "# another's\n", "utf-8")
        with pytest.raises(Trouble) as told:
            edit.put()
    assert told.value.code == exits.TRY_AGAIN
    assert site.read_text("utf-8") == SITE + "# another's\n"
