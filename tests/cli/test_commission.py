"""A technician's first day, typed: three hydrants found, written, proven; broken off anywhere, it goes on there."""

import io
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from agent.cli import exits, unit_says
from agent.cli.commission import gauge
from agent.cli.doctor import rounds
from agent.cli.doctor.finding import fault
from agent.cli.main import main
from agent.cli.trouble import Trouble
from agent.cli.words import use
from agent.settings.load import load
from protocols.reason import Reason

SITE = """\
[gateway]
id = "g1"
station = "s"
state_dir = "state"
datum = "gcj02"

[[stations]]
id = "s"
name = "柯城站"
place = { lon = 118.87, lat = 28.96 }

[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"
"""
MAKE = "hydrant/terminal-float"
TWO_MINUTES = 2 * 60 * 2
"""Letters that somebody types in two minutes with cold hands, two a second."""
Typed = Callable[..., tuple[int, str]]


class Street:
    """A line with terminals of MAKE at these addresses, each at 310 kPa; address 5 is another make, and says so."""

    def __init__(self, *units: int) -> None:
        self.units = units

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, unit: int, table: str, address: int, count: int) -> dict[str, Any]:
        if unit == 5:
            return {"exception": 2, "reason": None}
        if unit not in self.units:
            return {"silent": True, "garbled": unit == 30 and count == 1, "reason": None}
        words = dict(enumerate(struct.unpack(">2H", struct.pack(">f", 310.0)))) if table == "input" else {}
        return {"words": [words.get(address + at, 0) for at in range(count)]}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def typed(site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """`typed(lines, …)`: exit code and what was said; no agent runs."""

    def run(lines: list[str], *words: str, lang: str = "en") -> tuple[int, str]:
        monkeypatch.setattr(unit_says, "on_line", lambda *_: Street(7, 8, 9))
        monkeypatch.setattr(rounds, "look", lambda *_: None)  # it has tests of its own, and takes seconds
        monkeypatch.setattr(rounds, "judged", lambda *_: [fault("card", "", Reason("doctor.card_errors", errors=3))])
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        socket = str(site.parent / "control.sock")
        code = main(["--lang", lang, "--socket", socket, "commission", *words, "--site", str(site)])
        shown = capsys.readouterr()
        return code, shown.err + shown.out

    return run


def one(unit: str, name: str, place: str, held: str, more: str, make: str = "") -> list[str]:
    """Address, make, "that is it", id as offered, name, place, gauge, no photo, another one or not."""
    return [unit, make, "", "", name, place, held, "", more]


FIRST = one("", "上街 1 号", "118.8731,28.9602", "0.31 MPa", "", MAKE)[1:]
THREE = [
    "张三", "", "7", *FIRST,
    *one("8", "上街 2 号", "118.8732,28.9603", "305", ""),
    *one("9", "上街 3 号", "118.8733,28.9604", "3.2 bar", "no"),
]  # fmt: skip


def test_three_hydrants_in_less_than_two_minutes_of_typing_each(typed: Typed, site: Path) -> None:
    code, said = typed(THREE, lang="zh")
    assert code == exits.OK, said
    assert "尚未写入的: 5, 7, 8, 9\n" in said
    assert sum(len(line) + 1 for line in THREE) / 3 < TWO_MINUTES
    devices = load(site).site.devices
    assert [(one.id, one.unit, one.profile, one.name) for one in devices] == [
        ("H001", 7, MAKE, "上街 1 号"), ("H002", 8, MAKE, "上街 2 号"), ("H003", 9, MAKE, "上街 3 号")
    ]  # fmt: skip
    place = devices[0].place
    assert place is not None
    # the file's datum counts
    assert place.lon == pytest.approx(118.8684, abs=0.001), (
        "the file's datum counts: 0.0047 degrees beside what was typed"
    )
    assert site.read_text("utf-8").startswith(SITE)
    notes = json.loads((site.parent / "site.commission.json").read_text("utf-8"))
    assert [(one["id"], one["gauge"], one["shown"], one["agrees"]) for one in notes["done"]] == [
        ("H001", 310.0, 310.0, True), ("H002", 305.0, 310.0, True), ("H003", 320.0, 310.0, True)
    ]  # fmt: skip
    assert (notes["by"], notes["draft"]) == ("张三", {})
    (page,) = site.parent.glob("commission-*.html")
    text = page.read_text("utf-8")
    assert '<html lang="zh">' in text
    assert "柯城站 调试记录" in text
    assert "<li>存储卡: " in text
    assert [f"<td>{name}</td>" in text for name in ("H001", "H002", "H003")] == [True] * 3
    assert "hydronest facts inspection H003 passed" in said, "no agent took it: how it is told later"


def test_broken_off_anywhere_it_goes_on_there(typed: Typed, site: Path) -> None:
    whole = ["张三", "7", MAKE, "", "H9", "上街 1 号", "118.8731,28.9602", "310", "", "no"]
    for broken in range(1, len(whole)):
        for path in site.parent.glob("*.json"):
            path.unlink()
        site.write_text(SITE, "utf-8")
        code, said = typed(whole[:broken])
        assert code == exits.USAGE
        assert "what was answered is kept" in said
        in_file = broken >= 7  # behind the place it is written: what is left is to prove it
        assert [one.id for one in load(site).site.devices] == (["H9"] if in_file else [])
        kept = {1: "7", 2: MAKE, 4: "H9", 5: "上街 1 号", 6: "118.8731,28.9602"}
        again = [kept[at] if at >= broken and at in kept else "" for at in range(7)]
        rest = ["", "310", "", "no"] if in_file and broken < 9 else [*again, "310", "", "no"]
        if broken == 9:  # proven, and only not asked for another one
            continue
        code, said = typed(rest)
        assert code == exits.OK, (broken, said)
        (device,) = load(site).site.devices
        assert (device.id, device.unit, device.name) == ("H9", 7, "上街 1 号")


def test_what_cannot_be_is_asked_again(typed: Typed, site: Path) -> None:
    assert typed(THREE)[0] == exits.OK
    other = site.read_text("utf-8").replace('id = "H003"', 'id = "P1"').replace("unit = 9", "unit = 19")
    site.write_text(other, "utf-8")
    lines = [
        "", "nobody", "248", "5", "hydrant/terminal-flaot", "", "9", "", "perhaps", "no", "9", "", "yes",
        "H001", "", "", "H3", "上街", "121.47,31.23", "", "H3", "", "118.8734,28.9605",
        "many", "200", "", "no", "200", "yes", "", "no",
    ]  # fmt: skip
    code, said = typed(lines)
    assert code == exits.DEGRADED, said
    for wrong in ("1 to 247", "no make hydrant/terminal-flaot: hydrant/terminal-float?", "nobody answers there",
                  "yes or no", "H001", "km", "a number, in kPa", "they do not agree"):  # fmt: skip
        assert wrong in said, wrong
    assert "H3 was inspected" not in said
    last = load(site).site.devices[-1]
    assert (last.id, last.unit, last.name) == ("H3", 9, "上街")
    notes = json.loads((site.parent / "site.commission.json").read_text("utf-8"))
    assert (notes["done"][-1]["gauge"], notes["done"][-1]["agrees"]) == (200.0, False)
    page = site.parent / "page.html"
    assert typed([], "--page", str(page))[0] == exits.DEGRADED
    text = page.read_text("utf-8")
    assert "does not agree" in text
    assert "not commissioned: P1" in text


def test_one_that_is_there_is_proven_by_itself(typed: Typed, site: Path) -> None:
    assert typed(THREE)[0] == exits.OK
    photo = site.parent / "h2.jpg"
    photo.write_bytes(b"a photo")
    before = site.read_bytes()
    assert typed(["李四", "", "nowhere.jpg", str(photo)], "H002")[0] == exits.DEGRADED
    assert site.read_bytes() == before
    notes = json.loads((site.parent / "site.commission.json").read_text("utf-8"))
    assert [one["id"] for one in notes["done"]] == ["H001", "H003", "H002"]
    last = notes["done"][-1]
    assert (last["by"], last["agrees"], last["photo"], len(last["digest"])) == ("李四", None, "h2.jpg", 64)
    assert typed([""], "H9")[0] == exits.BAD_DATA
    (site.parent / "site.commission.json").write_text('{"by": 1}')
    assert typed([""], "H002")[0] == exits.BAD_DATA


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("kPa", "", None), ("kPa", "312", 312.0), ("kPa", "0.31 MPa", 310.0), ("kPa", "3,1bar", 310.0),
        ("m", "1.25", 1.25), ("m", "125 cm", 1.25),
    ],
)  # fmt: skip
def test_a_gauge_is_typed_as_it_reads(unit: str, text: str, value: float | None) -> None:
    assert gauge.typed(unit, text) == value


def test_what_no_gauge_says_and_how_far_two_may_be_apart() -> None:
    use("en")
    for text in ("-3", "many", "3 m", "3 psi"):
        with pytest.raises(Trouble):
            gauge.typed("kPa", text)
    assert [gauge.compared(held, 310.0, "kPa").agrees for held in (294.0, 295.0, 326.0, 327.0)] == [
        False, True, True, False
    ]  # fmt: skip
    assert gauge.compared(0.0, 15.0, "kPa").agrees
    assert not gauge.compared(1.2, 1.3, "m").agrees
