"""What came of the last upgrade, where that is not what was meant: told until another version is installed."""

from collections.abc import Iterator
from pathlib import Path

from agent.cli.doctor.finding import Finding, doubt, fault
from agent.cli.upgrade.places import Places
from agent.cli.upgrade.plan import STATE_NOT_BACK, Plan
from agent.runtime.version import VERSION
from protocols.reason import Fact, Reason


def look(root: Path) -> Plan | None:
    """The one under way, else the last one's outcome; None where there was none, or it is not to be read."""
    places = Places(root)
    try:
        return Plan.read(places.plan) or Plan.read(places.outcome)
    except OSError:
        return None


def judged(last: Plan | None, version: str = VERSION) -> Iterator[Finding]:
    """`version` is what is installed now, without `~debN`."""
    if last is None or last.outcome in ("kept", "refused"):
        return
    facts: dict[str, Fact] = {"old": last.old, "new": last.new}
    why = last.why[-1] if last.why else Reason("doctor.no_reason")
    home = str(Places().home)
    if not last.outcome:
        yield doubt("package", "", Reason("doctor.upgrade_under_way", **facts), Reason("doctor.do_wait_for_upgrade"))
    elif last.outcome == "stuck" and why.code == STATE_NOT_BACK:
        told = Reason("doctor.upgrade_state_not_back", **facts, why=why)
        yield fault("package", "", told, Reason("doctor.do_put_state_back", folder=home))
    elif last.outcome == "stuck":
        told = Reason("doctor.upgrade_stuck", **facts, why=why)
        yield fault("package", "", told, Reason("doctor.do_put_package_back", folder=home))
    elif last.old.partition("~")[0] == version:
        told = Reason("doctor.upgrade_undone", **facts, why=last.why[0] if last.why else why)
        yield doubt("package", "", told, Reason("doctor.do_report_upgrade"))
