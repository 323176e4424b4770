"""An upgrade comes to its outcome however often it is broken off: a whole version that runs, and all that was kept.

Simulated: dpkg, systemd, the copy of the state and power, at every act and every write. A package is its name; half of
one is a state of its own, in which nothing may begin. The agent's answers are made up; their judgement is not.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cli.upgrade import keeper
from agent.cli.upgrade import machine as machine_module
from agent.cli.upgrade.compare import worse
from agent.cli.upgrade.keeper import WATCH_S, UpgradeRunner
from agent.cli.upgrade.machine import Machine
from agent.cli.upgrade.places import Places
from agent.cli.upgrade.plan import Plan
from agent.cli.upgrade.rounds import periods_s, round_s
from agent.cli.upgrade.vitals import Look, between
from agent.control.client import NotRunning
from agent.runtime import durable
from agent.settings.load import load
from protocols.reason import Reason

HALF = "half"


class PowerCut(BaseException):
    """Nobody catches it."""


class Town:
    """One gateway: what is on its disk, what runs, and a clock that goes as somebody sleeps."""

    def __init__(self, root: Path, *, new_is_worse: bool = False, migrates: bool = False, dpkg_fails: str = "") -> None:
        self.places = Places(root)
        self.state = root / "var/lib/hydronest"
        self.new_is_worse, self.migrates, self.dpkg_fails = new_is_worse, migrates, dpkg_fails
        self.runs, self.now_s, self.starts, self.began_s = False, 0.0, 0, 0.0
        self.round_s: float | None = 0.0
        self.every_s, self.of_a_round, self.fewer = 1.0, 1, 10
        self.acts, self.cut_at, self.out_until_s = 0, -1, -1.0
        self.nests: list[dict[str, Any]] = []
        self.silent = False
        self.stuck_before = False
        self.stuck_uplink, self.booted_s, self.restores_in_vain = False, -1000.0, 0
        self.refuses_old, self.held_back = 0, False
        self.old_fails = 0
        for folder in (self.state, self.places.home, self.places.sums.parent):
            folder.mkdir(parents=True)
        (self.state / "journal.db").write_bytes(b"SQLite format 3\0" + bytes(47) + b"\1" + bytes(36))
        (self.state / "flight").write_text("filed")
        for package in (self.places.old, self.places.new):
            package.write_text(package.stem)
        self.installed = "old"
        self.plan().write(self.places.plan)

    def plan(self) -> Plan:
        return Plan(
            stage="measuring", old="1", new="2", site="site", socket=str(self.state / "control.sock"), nests=True,
            state=str(self.state), journal_file=str(self.state / "journal.db"), journal=1, migrates=self.migrates,
            round_s=self.round_s,
        )  # fmt: skip

    @property
    def taken(self) -> int:
        """All hydrants are asked at once when the agent begins, then every so many seconds."""
        took = int((self.now_s - self.began_s) / self.every_s + 1) * self.of_a_round
        return took // self.fewer if self.new_is_worse and self.installed == "new" else took

    @property
    def installed(self) -> str:
        return self.places.sums.read_text()

    @installed.setter
    def installed(self, version: str) -> None:
        self.places.sums.write_text(version)

    def may_cut(self) -> None:
        self.acts += 1
        if self.acts == self.cut_at:
            raise PowerCut

    def begin(self) -> None:
        """As systemd: not while it is held, and never half a version."""
        if self.runs or self.places.hold.exists():
            return
        assert self.installed != HALF
        self.runs, self.began_s = True, self.now_s
        if self.installed == "new" and self.migrates:
            journal = bytearray((self.state / "journal.db").read_bytes())
            journal[63] = 2
            (self.state / "journal.db").write_bytes(journal)

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        out, code, why = "", 0, ""
        match command:
            case ["systemctl", "show", *_]:
                out = f"ActiveState={'active' if self.runs else 'inactive'}\nNRestarts={self.starts}\n"
            case ["dpkg-query", "-W", "-f", "${db:Status-Status}", _]:
                out = "half-installed" if self.installed == HALF else "installed"
            case ["dpkg-deb", "-I", package, "md5sums"]:
                out = Path(package).read_text()
            case _:
                self.may_cut()
                code, why = self.act(command)
                self.may_cut()
        return subprocess.CompletedProcess(command, code, out, why)

    def act(self, command: list[str]) -> tuple[int, str]:
        match command:
            case ["systemctl", "start", "hydronest.service"]:
                self.begin()
            case ["systemctl", "stop", "hydronest.service"]:
                self.runs = False
            case ["dpkg", *_, package]:
                version = Path(package).read_text()
                if version == "old" and self.refuses_old:  # prerm, before anything is touched
                    self.refuses_old -= 1
                    return 1, "an aircraft is out"
                self.runs = False
                if version == "new" and self.dpkg_fails == "before":
                    self.begin()
                    return 1, "dpkg: error: it is not for this machine"
                self.installed = HALF
                self.may_cut()
                if version == "old" and self.old_fails:
                    self.old_fails -= 1
                    return 1, "dpkg: error: no space left"
                if version == "new" and self.dpkg_fails:
                    return 1, "dpkg: error: no space left"
                self.installed = version
                self.begin()
            case ["hydronest", "backup", "make", *_]:
                assert not (self.migrates and self.runs), "what it keeps from now on would not be in the copy"
                shutil.rmtree(self.places.save, ignore_errors=True)
                shutil.copytree(self.state, self.places.save)
            case ["hydronest", "backup", "restore", *_]:
                assert not self.runs
                if self.restores_in_vain:
                    self.restores_in_vain -= 1
                    return 75, "the card is busy"
                aside = len(list(self.state.parent.glob("hydronest.before-*"))) + 1
                if self.state.exists():
                    self.state.rename(self.state.with_name(f"hydronest.before-{aside}"))
                self.may_cut()
                shutil.copytree(self.places.save, self.state)
        return 0, ""

    def ask(self, socket: str, what: str) -> Any:
        if not self.runs or self.silent:
            raise NotRunning(Reason("errno.ENOENT"))
        if what == "nest.list":
            assert socket.endswith("/flight.sock")
            return self.nests
        bad = (self.new_is_worse and self.installed == "new") or self.now_s < self.booted_s + 100
        stuck = self.stuck_uplink and (self.stuck_before or self.installed == "new")
        owed = self.taken if stuck else 3
        late = {"kind": "self_fault", "subject": "loop of core", "severity": "warning"}
        return {
            "journal": {"committed": self.taken, "lost": 0, "state": "ok", "waiting": 0},
            "lines": [{"id": "street", "up": not bad, "counters": {"answers": self.taken}}],
            "counts": {"ok": 0 if bad else 10},
            "standing": [late] if self.installed == "new" else [],
            "uplinks": [{"id": "province", "state": "connected", "backlog": owed}],
        }  # fmt: skip

    def tree(self, _path: Path) -> dict[str, Any] | None:
        out = int(self.now_s < self.out_until_s)
        parts = [{"child": name, "state": "running", "restarts": 0} for name in ("core", "uplinks")]
        flight = {"child": "flight", "state": "running", "restarts": 0, "aircraft_out": out}
        return {"children": [*parts, flight]} if self.runs else None

    def sleep(self, seconds: float) -> None:
        self.held_back = self.held_back or (seconds == keeper.AGAIN_S and self.places.hold.exists())
        self.now_s += seconds

    def boot(self) -> None:
        """Power is back: systemd begins the agent where it may, and whoever watches."""
        self.runs = False
        self.begin()
        if self.places.plan.exists() or self.places.hold.exists():
            self.watched()

    def watched(self) -> None:
        UpgradeRunner(Machine(self.places, self.run, self.ask, self.sleep), lambda: self.now_s).run()

    def outcome(self) -> Plan:
        found = Plan.read(self.places.outcome)
        assert found is not None
        return found


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Town]:
    made: list[Town] = []
    write, unlink = durable.write_whole, Path.unlink

    def of(**wanted: Any) -> Town:
        number = len(list(tmp_path.iterdir()))
        made.clear()
        one = Town(tmp_path / str(number), **wanted)
        made.append(one)
        monkeypatch.setattr(machine_module, "read_tree", one.tree)
        return one

    def cut_write(path: Path, content: bytes) -> None:
        for act in (None, write):
            if act is not None:
                act(path, content)
            if made:
                made[-1].may_cut()

    def cut_unlink(path: Path, missing_ok: bool = False) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            unlink(path, missing_ok)
        made[-1].may_cut()

    monkeypatch.setattr(durable, "write_whole", cut_write)
    monkeypatch.setattr(keeper, "LOOK_S", 20.0)
    monkeypatch.setattr(durable, "sync", lambda _path: None)
    monkeypatch.setattr(Path, "unlink", cut_unlink)
    return of


WAYS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "kept", "new"),
    ({"migrates": True}, "kept", "new"),
    ({"new_is_worse": True}, "rolled_back", "old"),
    ({"new_is_worse": True, "migrates": True}, "rolled_back", "old"),
    ({"dpkg_fails": "before"}, "refused", "old"),
    ({"dpkg_fails": "within"}, "rolled_back", "old"),
]


@pytest.mark.parametrize(("wanted", "outcome", "installed"), WAYS)
def test_power_is_cut_at_every_step_and_it_comes_to_the_same(
    town: Callable[..., Town], wanted: dict[str, Any], outcome: str, installed: str
) -> None:
    whole = town(**wanted)
    whole.boot()
    assert (whole.outcome().outcome, whole.installed, whole.runs) == (outcome, installed, True)
    assert whole.acts > 25
    for cut in range(1, whole.acts + 1):
        one = town(**wanted)
        one.cut_at = cut
        with pytest.raises(PowerCut):
            one.boot()
        one.boot()
        where = f"cut at {cut} of {whole.acts}"
        assert (one.outcome().outcome, one.installed, one.runs) == (outcome, installed, True), where
        assert not one.places.plan.exists(), where
        assert not one.places.hold.exists(), where
        assert (one.state / "flight").read_text() == "filed", where
        assert (one.state / "journal.db").read_bytes()[63] == (2 if installed == "new" and one.migrates else 1), where


def test_what_was_worse_is_told_with_both_numbers_and_what_was_kept_meanwhile_is_left(
    town: Callable[..., Town],
) -> None:
    one = town(new_is_worse=True, migrates=True)
    one.boot()
    told = one.outcome()
    assert [why.code for why in told.why] == ["upgrade.worse_readings", "upgrade.worse_lines", "upgrade.worse_devices"]
    assert told.why[0].facts == {"was": 60.0, "now": 6.0}
    assert told.aside == str(one.state.with_name("hydronest.before-1"))
    assert one.places.save.exists()


def test_an_uplink_that_says_connected_and_sends_nothing_is_worse(town: Callable[..., Town]) -> None:
    one = town()
    one.stuck_uplink = True
    one.boot()
    assert [why.code for why in one.outcome().why] == ["upgrade.worse_backlog"]


def test_a_site_that_is_asked_once_in_five_minutes_is_no_worse_for_its_silence_between(
    town: Callable[..., Town],
) -> None:
    """Whole rounds are counted, whenever they begin; where one takes too long nothing is said of their number."""
    slow = [(300.0, 300.0, at_s, is_worse) for at_s in (0, 100, 200, 250, 299) for is_worse in (False, True)]
    odd = [(50.0, 50.0, at_s, False) for at_s in range(0, 50, 7)]
    for takes_s, every_s, at_s, is_worse in (*slow, *odd, (None, 3600.0, 0, False)):
        one = town()
        one.round_s, one.every_s, one.of_a_round = takes_s, every_s, 60
        one.new_is_worse, one.fewer = is_worse, 2
        one.plan().write(one.places.plan)
        one.begin()
        one.began_s = one.now_s - at_s
        one.watched()
        told = one.outcome()
        where = f"every {every_s} s, {at_s} s into a round: {[why.code for why in told.why]}"
        assert told.outcome == ("rolled_back" if is_worse else "kept"), where
        counted = None if takes_s is None else 3600 / every_s
        assert (told.before or {})["answers_per_min"] == counted, where


def test_an_alarm_in_the_town_is_no_fault_of_a_version() -> None:
    def looked(alarmed: list[str], ok: int, taken: int = 600) -> dict[str, Any]:
        status: dict[str, Any] = {
            "journal": {"committed": taken, "state": "ok", "waiting": 0}, "counts": {"ok": ok, "warning": 1},
            "lines": [{"id": "street", "up": True, "counters": {"answers": 600}}, {"id": "opc", "up": True}],
            "devices": [{"state": "alarm", "quality": quality} for quality in alarmed],
        }  # fmt: skip
        begun = Look(0.0, True, 0, None, status | {"journal": {"committed": 0}, "lines": []})
        return between(begun, Look(60.0, True, 0, None, status))

    before = looked([], 29)
    assert (before["devices_ok"], before["answers_per_min"], before["keeps"]) == (30, 600.0, True)
    assert worse(before, looked(["good"] * 19 + ["uncertain"], 9)) == []
    assert [one.code for one in worse(before, looked(["no_answer"] * 20, 9))] == ["upgrade.worse_devices"]
    assert [one.code for one in worse(before, looked([], 29, taken=0))] == ["upgrade.worse_journal"]


def test_how_long_a_round_takes_is_read_from_the_settings(tmp_path: Path) -> None:
    assert [round_s(periods) for periods in ([], [1.0, 6.0], [2.0, 60.0], [45.0, 60.0], [20.5], [60.0, 3600.0])] == [
        0.0, 0.0, 60.0, 180.0, 20.5, None,
    ]  # fmt: skip
    site = tmp_path / "site.toml"
    site.write_text("""
[gateway]
id = "g1"
state_dir = "state"
[[lines]]
id = "street"
kind = "tcp"
host = "127.0.0.1"
poll_s = { alarm = 300, fast = 300, slow = 300 }
[[lines]]
id = "water"
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"
poll_s = { alarm = 700, fast = 700, slow = 700 }
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
profile = "hydrant/opcua"
line = "water"
unit = "H2"
place = { lon = 118.872, lat = 28.97 }
""")
    assert set(periods_s(load(site))) == {300.0}


def test_an_uplink_that_took_nothing_before_is_no_worse_for_owing_more(town: Callable[..., Town]) -> None:
    one = town()
    one.stuck_uplink = one.stuck_before = True
    one.boot()
    assert one.outcome().outcome == "kept"


def test_what_an_agent_says_that_began_just_now_is_no_measure(town: Callable[..., Town]) -> None:
    """Power was cut in the first minute; at once after it every line is down, and nothing could become worse."""
    one = town(new_is_worse=True)
    one.cut_at = 3
    with pytest.raises(PowerCut):
        one.boot()
    one.booted_s = one.now_s
    one.boot()
    assert "upgrade.worse_lines" in [why.code for why in one.outcome().why]


def test_a_copy_that_cannot_be_put_back_at_once_is_tried_again(town: Callable[..., Town]) -> None:
    one = town(new_is_worse=True, migrates=True)
    one.restores_in_vain = 3
    one.boot()
    assert (one.outcome().outcome, one.installed, one.runs) == ("rolled_back", "old", True)


def test_where_neither_can_be_brought_about_both_packages_stay_and_no_half_of_one_begins(
    town: Callable[..., Town],
) -> None:
    one = town(new_is_worse=True)
    one.old_fails = keeper.MOST_TRIES
    one.boot()
    assert (one.outcome().outcome, one.installed, one.runs) == ("stuck", "new", True)
    assert one.places.new.exists()
    assert one.places.old.exists()
    assert one.places.save.exists()
    assert (one.outcome().why[-1].code, one.places.plan.exists()) == ("upgrade.dpkg", False)


def test_an_aircraft_that_is_out_is_waited_for(town: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an upgrade it is refused; on the way back the version that flies it goes on until it is home."""
    one = town(new_is_worse=True)
    one.out_until_s = 100.0
    one.boot()
    assert [why.code for why in one.outcome().why] == ["upgrade.aircraft_out"]
    assert one.installed == "old"
    two = town(new_is_worse=True)
    home_s = 2 * WATCH_S

    def out_once_watched(path: Path) -> dict[str, Any] | None:
        two.out_until_s = home_s if two.installed == "new" else -1.0
        return Town.tree(two, path)

    monkeypatch.setattr(machine_module, "read_tree", out_once_watched)
    two.boot()
    assert two.outcome().outcome == "rolled_back"
    assert two.now_s >= home_s


def test_an_aircraft_that_left_just_before_dpkg_keeps_an_agent_that_may_begin_anew(town: Callable[..., Town]) -> None:
    one = town(new_is_worse=True)
    one.refuses_old = 2
    one.boot()
    assert (one.outcome().outcome, one.installed, one.held_back) == ("rolled_back", "old", False)


def test_a_nest_that_is_not_closed_or_not_known_is_no(town: Callable[..., Town]) -> None:
    for nests, code in (
        ([{"id": "N1", "cover": "open", "flight": ""}], "upgrade.nest_open"),
        ([{"id": "N1", "cover": "unknown", "flight": ""}], "upgrade.nest_open"),
        ([{"id": "N1", "cover": "closed", "flight": "F1"}], "upgrade.nest_open"),
    ):
        one = town()
        one.nests = nests
        one.boot()
        assert [why.code for why in one.outcome().why] == [code]
        assert (one.installed, one.runs) == ("old", True)
    one = town()
    one.silent = True
    one.boot()
    assert [why.code for why in one.outcome().why] == ["upgrade.nests_unknown"]


def test_a_plan_that_the_card_bent_holds_nothing_back(town: Callable[..., Town]) -> None:
    """Half a package lies there, and nobody knows why: a whole one is made of it, and it begins."""
    one = town()
    one.installed = HALF
    durable.write_whole(one.places.hold, b"")
    one.places.plan.write_bytes(one.places.plan.read_bytes()[:-9])
    one.boot()
    assert (one.installed, one.runs) == ("new", True)


def test_only_what_was_well_before_can_be_worse() -> None:
    well: dict[str, Any] = {
        "active": True, "starts": 0, "parts": {"core": True}, "restarts": {"core": 0}, "answers": True,
        "readings_per_min": 60.0, "answers_per_min": 60.0, "keeps": True, "lost": 0, "lines": ["a", "b"],
        "devices_ok": 30,
        "uplinks": {"u": "connected"}, "backlog": {"u": 5}, "growing": ["u"], "own_alarms": ["disk"],
        "grows_per_min": {"u": 2.0},
    }  # fmt: skip
    assert worse(well, well) == []
    small: list[dict[str, Any]] = [
        {"answers_per_min": 43.0}, {"devices_ok": 27}, {"backlog": {"u": 185}}, {"restarts": {"core": 1}},
        {"own_alarms": []}, {"lines": ["a", "b", "c"]}, {"backlog": {"u": 6000}, "growing": []},
    ]  # fmt: skip
    assert [worse(well, well | change) for change in small] == [[]] * len(small)
    changes: dict[str, dict[str, Any]] = {
        "service": {"active": False}, "starts": {"starts": 1}, "part": {"parts": {"core": False}},
        "part_restarts": {"restarts": {"core": 2}}, "silent": {"answers": False}, "journal": {"keeps": False},
        "readings": {"answers_per_min": 42.0}, "lines": {"lines": ["a"]}, "devices": {"devices_ok": 26},
        "uplink": {"uplinks": {"u": "connecting"}}, "backlog": {"backlog": {"u": 186}},
        "alarms": {"own_alarms": ["disk", "process core"]},
    }  # fmt: skip
    for what, change in changes.items():
        found = worse(well, well | change)
        assert [why.code for why in found] == [f"upgrade.worse_{what}"], what
        assert json.dumps(found[0].as_json())
        bad_before = well | change
        assert worse(bad_before, bad_before | {"starts": 0}) == [] or what == "part_restarts", what
    assert worse({"active": False}, well | {"active": False}) == []
    owing = well | {"grows_per_min": {"u": 55.0}}  # nobody subscribes at its broker, and nobody does afterwards
    assert worse(owing, owing | {"backlog": {"u": 400}}) == []
