"""The table of planted faults: each is named, by its own name and with a next step, and nothing else is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.cli.doctor import wires
from agent.cli.doctor.box import Box
from agent.cli.doctor.finding import Finding
from agent.cli.doctor.ports import Port
from agent.cli.doctor.reach import Expiry, Goal, Reached
from agent.cli.doctor.rounds import Examination, judged
from agent.cli.doctor.time_of_day import TimeOfDay
from agent.cli.upgrade.plan import Plan
from agent.runtime.version import BUILT_MS, VERSION
from drivers.profile.mistake import Mistake
from protocols.lang import known
from protocols.reason import Fact, Reason, sentence
from tests.doctor.a_healthy_site import NOW, answers, counted, healthy, line, lock, part, ready, settings_of, uplink

GB = 1 << 30


class Planted(NamedTuple):
    """What is wrong, what the doctor is to call it, and how it looks to him."""

    name: str
    code: str
    plant: Callable[[Examination], Examination]


def box(name: str, code: str, **other: Any) -> Planted:
    def plant(seen: Examination) -> Examination:
        machine = seen.machine or Box()
        card = {key: other[key] for key in other if machine.card and key in machine.card._fields}
        rest = {key: value for key, value in other.items() if key not in card}
        return seen._replace(machine=machine._replace(card=machine.card and machine.card._replace(**card), **rest))

    return Planted(name, code, plant)


def upgraded(name: str, code: str, outcome: str, why: str = "upgrade.dpkg", old: str = VERSION) -> Planted:
    plan = Plan(
        stage="ending" if outcome else "watching", old=f"{old}~deb12", new="9.9.9~deb12", site="", socket="", state="",
        journal_file="", journal=1, migrates=False, nests=True, outcome=outcome,
        why=[Reason("upgrade.worse_service"), Reason(why, text="no space left")] if outcome else [],
    )  # fmt: skip
    return box(name, code, upgrade=plan)


def clock(name: str, code: str, seen_as: TimeOfDay) -> Planted:
    return Planted(name, code, lambda seen: seen._replace(clock=seen_as))


def agent(name: str, code: str, **other: Any) -> Planted:
    return Planted(name, code, lambda seen: seen._replace(answers=seen.answers and seen.answers._replace(**other)))


def status(name: str, code: str, **other: Any) -> Planted:
    def plant(seen: Examination) -> Examination:
        assert seen.answers is not None
        return seen._replace(answers=seen.answers._replace(status={**(seen.answers.status or {}), **other}))

    return Planted(name, code, plant)


def street(name: str, code: str, *, kind: str = "serial", reason: Reason | None = None, **counters: Any) -> Planted:
    told = line("street", kind, up=reason is None, reason=reason and reason.as_json(), counters=counted(**counters))
    return status(name, code, lines=[told, line("market", "tcp")])


def device(name: str, code: str, row: dict[str, Any] | None = None, **counts: Any) -> Planted:
    def plant(seen: Examination) -> Examination:
        assert seen.answers is not None
        told = {"H001": {"silent": False, "trouble": None, **counts}}
        rows = [] if row is None else [{"id": "H001", "line": "street", **row}]
        of = seen.answers
        return seen._replace(answers=of._replace(stats={"street": told}, status={**(of.status or {}), "devices": rows}))

    return Planted(name, code, plant)


def far(name: str, code: str, trouble: Reason | None, *, wants_tls: bool = False) -> Planted:
    """The uplink does not come up; the way to it was gone."""
    said = Reason("mqtt.connection_lost", place="iot:1883").as_json()

    def plant(seen: Examination) -> Examination:
        assert seen.answers is not None
        way = Reached(Goal("uplink", "province", "iot", 1883), trouble, wants_tls)
        down = seen.answers._replace(uplinks=[uplink(state="waiting", reason=said)])
        return seen._replace(answers=down, ways=(way,))

    return Planted(name, code, plant)


def refused(name: str, code: str, reason: Reason) -> Planted:
    return agent(name, code, uplinks=[uplink(state="waiting", reason=reason.as_json())])


def nest(name: str, code: str, interlock: str, value: Reason | str = "") -> Planted:
    locks = [
        one if one["name"] != interlock else lock(interlock, ok=False, value=value) for one in ready()["interlocks"]
    ]
    return agent(name, code, nests={"N1": ready(interlocks=locks)})


def site(name: str, code: str, old: str, new: str) -> Planted:
    """Something is wrong in the site file itself."""

    def plant(seen: Examination) -> Examination:
        text = seen.site_file.read_text("utf-8").replace(old, new, 1)
        _settings, mistakes = settings_of(seen.site_file.parent, text)
        return seen._replace(mistakes=tuple(mistakes))

    return Planted(name, code, plant)


def cert(name: str, code: str, days: float, trouble: Reason | None = None) -> Planted:
    return Planted(name, code, lambda seen: seen._replace(expiries=(Expiry("province", "g.pem", days, trouble),)))


def port(name: str, code: str, seen_as: Port) -> Planted:
    down = line("street", "serial", up=False, reason=Reason("modbus.port_in_use", port="/dev/x").as_json())

    def plant(seen: Examination) -> Examination:
        of = seen.answers
        assert of is not None
        told = {**(of.status or {}), "lines": [down, line("market", "tcp")]}
        return seen._replace(answers=of._replace(status=told), wired=(seen_as,))

    return Planted(name, code, plant)


def stopped(seen: Examination) -> Examination:
    """Nobody answers; what can be seen without the agent is fine."""
    of = seen.answers
    assert of is not None
    gone = of._replace(trouble=Reason("errno.ENOENT"), status=None, nests=None, parts=())
    return seen._replace(answers=gone)


def no_file(seen: Examination) -> Examination:
    seen.site_file.unlink()
    return seen._replace(settings=None, mistakes=())


def twins(seen: Examination) -> Examination:
    """Two adapters with one serial number: `check` doubts the name by it, and says the one by socket."""
    facts: dict[str, Fact] = {"port": "/dev/hydronest/by-serial/1-if00", "name": "/dev/hydronest/by-port/usb-1-2"}
    facts["why"] = Reason("modbus.serial_twice", serial="1", adapters=2)
    where = ("lines[0].port", "settings.ambiguous_port", "write.by_path")
    return seen._replace(mistakes=(Mistake(seen.site_file, 7, *where, facts, doubtful=True),))


TWO = Reason("modbus.two_devices").as_json()
OTHER = Reason("modbus.another_device", bytes="4142", question="unit 1").as_json()
WORN_OUT = Reason("modbus.overloaded", point="pressure", every_s=9.0, wanted_s=2.0).as_json()
BROKER = {"place": "iot:1883"}
REFUSED = "errno.ECONNREFUSED"
PLANTED = [
    # the box
    box("the disk is full", "doctor.card_full", free_bytes=3 << 20),
    box("the disk is nearly full", "doctor.card_nearly_full", free_bytes=GB),
    box("no inodes are left", "doctor.no_inodes", free_inodes=3),
    box("the card is read-only", "doctor.card_read_only", read_only=True),
    box("a dead sector", "doctor.card_errors", card_errors=2),
    box("the card is worn", "doctor.card_worn", wear=9),
    box("the state is root's", "doctor.state_of_another", owner="root"),
    box("the voltage is low", "doctor.power_low", throttled=0x50005),
    box("the voltage was low", "doctor.power_was_low", throttled=0x50000),
    box("a package half installed", "doctor.half_installed", package="half-configured"),
    box("a profile changed by hand", "doctor.package_changed", changed=("/usr/lib/hydronest/config/profiles/x.toml",)),
    upgraded("an upgrade that was undone", "doctor.upgrade_undone", "rolled_back"),
    upgraded("an upgrade under way", "doctor.upgrade_under_way", ""),
    upgraded("an upgrade that went neither way", "doctor.upgrade_stuck", "stuck"),
    upgraded("a state that did not come back", "doctor.upgrade_state_not_back", "stuck", "upgrade.no_restore"),
    box("a GBK terminal", "doctor.charset", charset="GBK"),
    box("a locale without UTF-8", "doctor.charset", charset="ISO-8859-1"),
    box("the wrong zone", "doctor.zone", zone="Etc/UTC"),
    # the clock
    clock("not set", "doctor.clock_not_set", TimeOfDay(BUILT_MS - 10**9, None, ())),
    clock("no NTP", "doctor.no_time_keeper", TimeOfDay(BUILT_MS + 1, None, ())),
    clock("NTP reaches nobody", "doctor.clock_unsynchronised", TimeOfDay(BUILT_MS + 1, None, ("chronyd",))),
    agent(
        "the clock is wrong",
        "clock.stepped",
        clock={"doubt": Reason("clock.stepped", by_s=-86400.0, utc="x", source="ntp").as_json(), "trusted": True},
    ),
    # the settings
    Planted("no site file", "doctor.no_site_file", no_file),
    site("a baud rate that is none", "file.mistake_at", 'kind = "serial"', 'kind = "serial"\nbaud = 9601'),
    site("an unknown profile", "file.mistake_at", "terminal-float", "terminal-flaot"),
    site("a port that moves", "file.mistake_at", "/dev/hydronest/by-serial/A50285BI-if00", "/dev/ttyUSB0"),
    Planted("twin adapters", "file.mistake_at", twins),
    site("one id twice", "file.mistake_at", 'id = "H002"', 'id = "H001"'),
    # the agent
    Planted("the agent is stopped", "doctor.agent_stopped", stopped),
    agent("the agent hangs", "doctor.agent_hangs", trouble=Reason("request.silence"), hangs=True),
    agent("not in the group", "doctor.not_let_in", trouble=Reason("errno.EACCES"), denied=True),
    agent("a second agent", "doctor.two_agents", agents=2),
    agent("a part is down", "doctor.part_down", parts=(part("core"), part("uplinks", state="waiting"), part("flight"))),
    agent("a part ends again and again", "doctor.restarts_often", parts=(part("core", restarts=9), part("flight"))),
    status("an old version runs", "doctor.old_version", gateway={"version": "0.0.9"}),
    status("nothing is kept", "doctor.journal_trouble", journal={"state": "trouble"}),
    # the wires
    port("the adapter is unplugged", "modbus.no_such_port", Port("street", "/dev/x", False)),
    port("another program has the port", "doctor.port_taken", Port("street", "/dev/x", True, ("ModemManager",))),
    street("no right to the port", "modbus.port_not_allowed", reason=Reason("modbus.port_not_allowed", port="/dev/x")),
    street("an unknown baud rate", "modbus.port_settings", reason=Reason("modbus.port_settings", port="/dev/x", baud=1,
                                                                            parity="E", why="no")),
    street("another baud rate or parity", "doctor.line_garbled", answers=0, garbage_bytes=900),
    street("A and B changed over", "doctor.line_mute", answers=0, timeouts=5000),
    street("no termination", "doctor.line_noisy", garbage_bytes=4000),
    street("echo", "doctor.echo", echoes=40, answers=0),
    street("two masters", "doctor.two_masters", foreign=3),
    street("a repeater", "modbus.copies", copies=4000),
    street("too much to read", "modbus.overloaded", trouble=WORN_OUT),
    street("a converter that answers nothing", "doctor.far_end_mute", kind="rtu_tcp", answers=0),
    device("two at one address", "modbus.two_devices", trouble=TWO),
    device("another device there", "modbus.another_device", trouble=OTHER),
    device("no such unit", "doctor.device_silent", {"quality": "no_answer"}, silent=True),
    device("the wrong word order", "doctor.value_impossible",
           {"quality": "out_of_range", "value": 1.2e9, "unit": "kPa"}),
    device("another make at this unit", "modbus.another_device_there", {"quality": "wrong_device"}),
    # the far ends
    far("DNS", "doctor.no_name", Reason("doctor.no_name", host="iot", why=Reason("dns.EAI_NONAME"))),
    far("a dead broker", "doctor.refused", Reason("doctor.refused", place="iot:1883", why=Reason(REFUSED))),
    far("no way there", "doctor.unreachable", Reason("doctor.unreachable", place="iot:1883",
                                                     why=Reason("errno.ETIMEDOUT"))),
    far("TLS to a plain port", "tls.WRONG_VERSION_NUMBER", Reason("tls.WRONG_VERSION_NUMBER")),
    far("plain to a TLS port", "doctor.wants_tls", None, wants_tls=True),
    far("another authority", "tls.certificate_no_local_issuer", Reason("tls.certificate_no_local_issuer", host="iot")),
    far("another name", "tls.certificate_other_host", Reason("tls.certificate_other_host", host="iot")),
    far("expired", "tls.certificate_expired", Reason("tls.certificate_expired", host="iot")),
    far("not yet valid", "tls.certificate_not_yet_valid", Reason("tls.certificate_not_yet_valid", host="iot")),
    far("wants ours", "tls.TLSV13_ALERT_CERTIFICATE_REQUIRED", Reason("tls.TLSV13_ALERT_CERTIFICATE_REQUIRED")),
    refused("a wrong password", "mqtt.refuses", Reason("mqtt.refuses", **BROKER, why=Reason("mqtt.reason_86"))),
    refused("one gateway id twice", "mqtt.refuses", Reason("mqtt.refuses", **BROKER, why=Reason("mqtt.reason_8e"))),
    refused("the access rules", "mqtt.refuses_topic", Reason("mqtt.refuses_topic", **BROKER, topic="t",
                                                             why=Reason("mqtt.reason_87"))),
    refused("nobody subscribed", "uplink.nobody_subscribed", Reason("uplink.nobody_subscribed", topic="t")),
    refused("the platform is silent", "uplink.not_acknowledged", Reason("uplink.not_acknowledged", seq=1, within_s=9)),
    agent("a slow bearer", "doctor.behind", uplinks=[uplink(backlog=90_000, oldest_s=7200.0)]),
    agent("a spare bearer is down", "doctor.bearer_down", uplinks=[uplink(bearers=[
        {"name": "fibre", "state": "in_use", "reason": None},
        {"name": "4g", "state": "down", "reason": Reason("uplink.bearer_silent", within_s=10).as_json()}])]),
    agent("paused", "doctor.paused", uplinks=[uplink(state="paused")]),
    agent("records put aside", "doctor.parked_records", uplinks=[uplink(parked=2)]),
    cert("our certificate ends soon", "doctor.certificate_ends", 9.0),
    cert("our certificate is over", "doctor.certificate_over", -1.0),
    cert("our certificate is none", "opcua.not_a_certificate", 0.0, Reason("opcua.not_a_certificate", file="g.pem")),
    # the nest
    nest("its program stands", "interlock.not_met", "nest_answers", Reason("nest.program_stands_still")),
    nest("the emergency stop", "interlock.not_met", "emergency_stop"),
    nest("the end switches", "interlock.not_met", "cover_switches"),
    nest("the aircraft is silent", "interlock.not_met", "aircraft_link"),
    nest("its settings", "interlock.not_met", "autopilot_settings", Reason("audit.still_wrong", names=("FENCE",))),
    nest("no permit", "interlock.not_met", "airspace_permit", Reason("permit.dates")),
    nest("nobody on duty", "interlock.not_met", "operator_on_duty"),
    nest("no remote identification", "interlock.not_met", "remote_id"),
    agent("an unsigned link", "flight.link_unsigned",
          nests={"N1": ready(doubts=[Reason("flight.link_unsigned", url="udpin://").as_json()])}),
    agent("a permit that ends", "doctor.permit_ends",
          standing={"permits": [{"id": "P1", "nest": "N1", "until": "2026-11-25"}]}),
    agent("flight is silent", "flight.silent", nests=None),
]  # fmt: skip


def bad(seen: Examination) -> list[Finding]:
    return [one for one in judged(seen, NOW) if one.state != "fine"]


def test_nothing_is_said_of_a_healthy_site(tmp_path: Path) -> None:
    assert bad(healthy(tmp_path)) == []
    parts = {one.part for one in judged(healthy(tmp_path), NOW)}
    assert {"settings", "card", "power", "package", "terminal", "clock", "agent", "journal"} < parts
    assert {"line", "devices", "uplink", "nest", "certificate"} < parts


def test_an_upgrade_that_went_well_or_is_long_past_is_no_finding(tmp_path: Path) -> None:
    for outcome, old in (("kept", VERSION), ("refused", VERSION), ("rolled_back", "0.0.1")):
        past = upgraded("", "", outcome, old=old)
        assert bad(past.plant(healthy(tmp_path))) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_the_fault_is_named_and_no_other(planted: Planted, tmp_path: Path) -> None:
    (only,) = bad(planted.plant(healthy(tmp_path)))
    assert only.why is not None
    assert only.why.code == planted.code
    assert only.remedy is not None
    for language in ("en", "zh"):
        told = [sentence(one, language) for one in (only.why, only.remedy)]
        assert all(known(one.code) for one in (only.why, only.remedy)), told
        assert len(told[0]) > 1
        assert told[0] != told[1]


def test_the_next_step_is_that_of_the_innermost_reason(tmp_path: Path) -> None:
    told = {}
    for name in ("one gateway id twice", "a wrong password", "its program stands", "no permit"):
        (planted,) = (one for one in PLANTED if one.name == name)
        (only,) = bad(planted.plant(healthy(tmp_path)))
        assert only.remedy is not None
        told[name] = only.remedy.code.partition(".")[2]
    assert told == {
        "one gateway id twice": "do_own_id",
        "a wrong password": "do_password",
        "its program stands": "do_plc_runs",
        "no permit": "do_permit",
    }


def test_what_hangs_is_told_by_name(tmp_path: Path) -> None:
    seen = healthy(tmp_path)._replace(machine=None, clock=None, answers=None)
    goal = Goal("uplink", "province", "iot", 1883)
    late = [(one.part, one.subject) for one in bad(seen._replace(ways=(goal,)))]
    assert late == [("card", ""), ("clock", ""), ("agent", ""), ("uplink", "province")]


def test_what_a_line_has_learned_is_said_once() -> None:
    late = Reason("modbus.gateway_slow", deadline_ms=1400).as_json()
    taught = line("market", "tcp", counters={**counted(), "trouble": late, "learned": [late]})
    status = {**(answers().status or {}), "lines": [taught]}
    found = wires.judged(answers()._replace(status=status), {}, frozenset())
    assert [one.state for one in found if one.part == "line"] == ["doubt"]
