"""Evidence holds what existed and the rules as they were committed: nobody leaves a thing out, afterwards or at all."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.judge.asset import Asset
from agent.judge.days import Days
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.asset_register import AssetRegister, rules_of
from agent.link.record import PriorityClass, Record
from agent.reports.evidence.chain import Tampered, Writer, read
from agent.reports.evidence.committed import lines_of
from agent.reports.evidence.export import EvidenceInputs, Exported, NoSuchDay, export_day
from agent.reports.evidence.verify import verify
from tests.judge.months import DAY, thing
from tests.judge.signing import IDENTITY, signs
from tests.judge.stand import RULES_FILE

SCRIPT = Path(__file__).parents[2] / "tools" / "verify_evidence.py"
DATE = "2025-11-20"
BEGIN_MS = Days(ZoneInfo("Asia/Shanghai")).begin_min(DATE) * 60_000
NOW_MS = BEGIN_MS + 3 * DAY * 60_000
RULES = RULES_FILE.read_text("utf-8")
Content = dict[str, Any]


class Kept:
    """A journal in which every hydrant says its pressure each five minutes of the day and of two hours before."""

    def __init__(self, **read: float) -> None:
        self._records: list[Record] = []
        for seq, minute in enumerate(range(-120, DAY, 5), 1):
            devices = list(read)
            frame = {"profile": "hydrant/t", "points": ["pressure"], "units": ["kPa"], "device": devices,
                     "at_ms": [0] * len(devices), "values": [[read[device] for device in devices]]}  # fmt: skip
            body = json.dumps({"frames": [frame]}).encode()
            at_ns = (BEGIN_MS + minute * 60_000) * 1_000_000
            self._records.append(Record("b", seq, PriorityClass.TELEMETRY, len(devices), at_ns, 20, "k", 0, body))

    def heads(self, priority: PriorityClass) -> Iterator[list[tuple[int, int]]]:
        if priority is PriorityClass.TELEMETRY:
            yield [(record.seq, record.t0_ns // 1_000_000) for record in self._records]

    def records(self, priority: PriorityClass, lo: int, hi: int) -> Iterator[Record]:
        if priority is PriorityClass.TELEMETRY:
            yield from (record for record in self._records if lo <= record.seq <= hi)


class Gateway:
    """What was committed, and the evidence it gives of the day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.register = AssetRegister(folder)
        self.others: dict[str, str] = {}
        self.say_rules(RULES, -DAY)

    def say_rules(self, text: str, minute: int) -> None:
        self.register.accept(self.register.write([rules_of("r.toml", text, BEGIN_MS / 1000 + minute * 60)]))

    def live(self, asset: str, minute: int, state: LifeState | None, of: Asset | None = None, **more: Any) -> None:
        at_s = BEGIN_MS / 1000 + minute * 60
        self.register.accept(self.register.write([LifeEntry(asset, at_s, at_s, state, of, **more)]))

    def export(self, **read: float) -> Exported:
        lines = list(lines_of(self.register.path))
        case = EvidenceInputs("gw1", lines, self.others, [], "Asia/Shanghai", "test", identity=IDENTITY)
        return export_day(Kept(**read), case, DATE, self.folder / f"{len(lines)}.evidence", NOW_MS, signs("gw1"))


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    one = Gateway(tmp_path)
    for name in ("H1", "H2"):
        one.live(name, -DAY, LifeState.IN_SERVICE, thing(name))
    return one


def script(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), str(path), "--json", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def minutes(done: Exported, by: str = "all") -> dict[str, tuple[int, int, int]]:
    """By group, from the file and from both verifiers."""
    assert verify(done.path).rate == done.rate
    alone = script(done.path)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert json.loads(alone.stdout)["rate"] == done.rate
    groups = done.rate[by].items()
    return {name: (one["serviceable"], one["not_serviceable"], one["unknown"]) for name, one in groups}


def test_a_day_exported_after_the_settings_lost_a_thing_is_the_same(gateway: Gateway) -> None:
    before = minutes(gateway.export(H1=300.0, H2=60.0))
    assert before == {"": (DAY, DAY, 0)}
    gateway.live("H2", 2 * DAY, None, gone=True)
    assert minutes(gateway.export(H1=300.0, H2=60.0)) == before


def test_what_was_read_and_nobody_committed_is_shown_and_counts_as_unknown(gateway: Gateway) -> None:
    done = gateway.export(H1=300.0, H2=60.0, H3=60.0)
    assert minutes(done) == {"": (DAY, DAY, DAY)}
    shown = [line.content for line in read(done.path) if line.part == "asset"]
    assert [(one["id"], one["life"]) for one in shown] == [
        ("H1", [[0, DAY, "in_service"]]),
        ("H2", [[0, DAY, "in_service"]]),
        ("H3", [[0, DAY, None]]),
    ]


def test_who_says_that_a_hydrant_is_a_mast_is_not_believed(gateway: Gateway) -> None:
    gateway.others = {"H3": "weather"}
    assert minutes(gateway.export(H1=300.0, H2=60.0, H3=60.0)) == {"": (DAY, DAY, DAY)}


def test_a_life_counts_to_the_minute(gateway: Gateway) -> None:
    gateway.live("H1", 490, LifeState.UNDER_REPAIR)
    gateway.live("H1", 560, LifeState.IN_SERVICE)
    gateway.live("H1", 720, LifeState.MOVED, thing("H1", "B"))
    gateway.live("H2", 1080, LifeState.RETIRED)
    gateway.live("H3", 630, LifeState.IN_SERVICE, thing("H3", "B"))
    done = gateway.export(H1=300.0, H2=60.0, H3=300.0)
    assert minutes(done, "station") == {
        "A": (720 - 70, 70 + 1080, 0),
        "B": (720 + DAY - 630, 0, 0),
    }
    (stated,) = [line.content for line in read(done.path) if line.part == "rate"]
    assert stated["at_end"]["all"][""]["total"] == 2, "H2 has ended"
    assert stated["at_end"]["all"][""]["serviceable"] == 2


def test_the_rules_are_those_that_were_committed_for_the_day(gateway: Gateway) -> None:
    gateway.say_rules(RULES.replace("limit = 140 ", "limit = 120 ").replace('"cn-2026.3"', '"soft"'), 2 * DAY)
    done = gateway.export(H1=300.0, H2=60.0)
    assert minutes(done) == {"": (DAY, DAY, 0)}
    assert done.rate["rules"] == "cn-2026.3"
    gateway.say_rules(RULES.replace("limit = 140 ", "limit = 120 ").replace('"cn-2026.3"', '"soft"'), DAY - 1)
    assert gateway.export(H1=300.0, H2=60.0).rate["rules"] == "soft"


def test_without_a_register_there_is_no_evidence(tmp_path: Path) -> None:
    case = EvidenceInputs("gw1", [], {}, [], "Asia/Shanghai", "test")
    with pytest.raises(NoSuchDay, match="committed"):
        export_day(Kept(H1=300.0), case, DATE, tmp_path / "x.evidence", NOW_MS, signs("gw1"))


def without(part: str, asset: str) -> Callable[[str, Content], Content | None]:
    def edit(found: str, content: Content) -> Content | None:
        named = content.get("id", content.get("asset", json.loads(content.get("json", "{}")).get("asset")))
        return None if found == part and named == asset else content

    return edit


def every_line_of(asset: str) -> Callable[[str, Content], Content | None]:
    def edit(found: str, content: Content) -> Content | None:
        for part in ("asset", "verdict", "committed"):
            if without(part, asset)(found, content) is None:
                return None
        return content

    return edit


def retired(found: str, content: Content) -> Content:
    if found == "committed" and '"H2"' in content["json"]:
        return {**content, "json": content["json"].replace("in_service", "retired")}
    return content


def other_rules(found: str, content: Content) -> Content:
    return {**content, "text": content["text"].replace("limit = 140 ", "limit = 120 ")} if found == "rules" else content


def renamed_life(found: str, content: Content) -> Content:
    return {**content, "life": [[0, 60, "in_service"]]} if found == "asset" and content["id"] == "H2" else content


def as_a_mast(found: str, content: Content) -> Content | None:
    left = every_line_of("H3")(found, content)
    return {**content, "H3": "weather"} if found == "others" else left


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (without("asset", "H2"), "H2 is not what was committed"),
        (without("committed", "H2"), "(H2 is not what was committed|taken out or put in)"),
        (every_line_of("H2"), "taken out or put in|is not what was committed"),
        (every_line_of("H3"), "H3 is not what was committed"),
        (as_a_mast, "H3 is not what was committed"),
        (retired, "was changed"),
        (renamed_life, "H2 is not what was committed"),
        (other_rules, "not the rules that were committed"),
        (without("verdict", "H2"), "H2"),
    ],
)
def test_who_leaves_a_thing_out_and_hashes_again_is_found(
    gateway: Gateway, edit: Callable[[str, Content], Content | None], says: str, tmp_path: Path
) -> None:
    gateway.live("H1", -1, None, thing("H1", "B"))
    done = gateway.export(H1=300.0, H2=60.0, H3=60.0)
    forged = tmp_path / "forged.evidence"
    with forged.open("wb") as file:
        writer = Writer(file)
        for line in read(done.path):
            content = edit(line.part, line.content)
            if line.part == "end":
                writer.end(**{name: n for name, n in line.content.items() if name != "lines"})
            elif content is not None:
                writer.line(line.part, content)
    with pytest.raises(Tampered, match=says):
        verify(forged, unsigned=True)
    alone = script(forged, "--unsigned")
    assert alone.returncode == 1
    assert "NOT RIGHT" in alone.stdout


def test_a_file_of_version_two_is_verified_still(gateway: Gateway, tmp_path: Path) -> None:
    done = gateway.export(H1=300.0, H2=60.0)
    old = tmp_path / "old.evidence"
    with old.open("wb") as file:
        writer = Writer(file)
        for line in read(done.path):
            content = dict(line.content)
            if line.part == "end":
                writer.end(records=content["records"], missing=content["missing"])
            elif line.part not in ("committed", "others", "signed"):
                for later in ("life", "because_min"):
                    content.pop(later, None)
                writer.line(line.part, content | ({"v": 2} if line.part == "head" else {}))
    assert verify(old, unsigned=True).rate == done.rate
    assert script(old, "--unsigned").returncode == 0
    with pytest.raises(Tampered, match="nobody signed it"):
        verify(old)
    assert "nobody signed it" in script(old).stdout
