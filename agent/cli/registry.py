"""Every command group, in the order the top page shows them. Adding a command starts with one line here."""

from __future__ import annotations

from agent.cli.words import N_

SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        N_("Look"),
        (
            ("status", N_("one screen: hydrants, lines, uplinks, journal, clock")),
            ("watch", N_("live table with pressure curves")),
            ("hydrant", N_("list the hydrants and water points, show one")),
            ("near", N_("nearest working hydrants, and what they give")),
            ("supply", N_("which hydrants together feed a wanted flow, yes or no")),
            ("rate", N_("how many are serviceable, and why not all")),
            ("report", N_("a month on paper: rate, reasons, flights")),
            ("alarm", N_("alarms: list, acknowledge, shelve, measure")),
            ("events", N_("what stands, what was raised and cleared")),
            ("coverage", N_("ground within reach of working hydrants, gaps, a map")),
            ("asset", N_("assets and their lives: in service, under repair, moved, replaced, retired")),
            ("facts", N_("incidents, permits, inspections, flow tests")),
            ("evidence", N_("a day's verdicts with their proof, for anyone to check")),
            ("journal", N_("what is kept: status, peek, verify, export, history")),
            ("nest", N_("drone nests: list, may it launch, clear after trouble")),
            ("drone", N_("aircraft: link, place, battery, hours")),
            ("flight", N_("flights: list, show, export, verify, recall, stop")),
            ("dispatch", N_("send a drone to an incident, or ask whether it would go")),
            ("duty", N_("a fire centre's duty checks: list, answer")),
            ("clock", N_("the gateway's clock: who vouches for it, and when it was wrong")),
            ("web", N_("the pages for a browser: a link to look at them, list, revoke")),
            ("key", N_("whose orders and facts are believed: list, revoke")),
            ("audit", N_("who did what, and what came of it: show, verify")),
            ("uplink", N_("uplinks to the platforms: status, pause, resume, replay")),
        ),
    ),
    (
        N_("Run and set up"),
        (
            ("run", N_("run the agent in the foreground")),
            ("init", N_("ten questions, and the site file of a new gateway")),
            ("commission", N_("the first day: hydrant by hydrant to a page of proof; goes on where it was")),
            ("doctor", N_("what is wrong, part by part, and what to do about it")),
            ("reload", N_("take the changed site file into use; what has not changed goes on")),
            ("check", N_("check the settings: every mistake of every file at once")),
            ("enrol", N_("this gateway's certificate: ask, take, show, vouch")),
            ("network", N_("the mains: take in a water company's EPANET file, and learn from readings")),
            ("device", N_("a device that was replaced or moved: look, write, take into use")),
            ("profile", N_("device profiles: list, check, try, scan, import from Telegraf or Wiren Board")),
            ("bus", N_("Modbus lines: scan, sniff, read, write, stats")),
            ("backup", N_("everything that is kept in one file, and back: make, show, restore")),
            ("upgrade", N_("another version: check, install, watch, and back by itself where it is worse")),
            ("bench", N_("tests on real devices: check a bench file, show what hangs there")),
            ("opcua", N_("look into an OPC UA server: trust, browse, read")),
            ("wire", N_("frames of a capture as JSON, and back")),
            ("demo", N_("a whole site with simulated hydrants; needs no hardware and no root")),
            ("completion", N_("let the shell complete commands with TAB")),
        ),
    ),
)

VERBATIM = frozenset({"demo", "run"})
"""Groups that take everything after their name as it stands, global options included."""


def summary(group: str) -> str:
    """What stands behind the group on the top page, in English."""
    return next(told for _, groups in SECTIONS for name, told in groups if name == group)


def names() -> list[str]:
    """The name of every group."""
    return [name for _, groups in SECTIONS for name, _ in groups]
