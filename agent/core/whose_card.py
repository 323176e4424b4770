"""Whether what lies here was written here: a card that was cloned, moved, or filled from a backup is told, once."""

from collections.abc import Callable
from pathlib import Path

from agent.journal.journal import Journal
from agent.runtime.machine import machine_name
from drivers.event import Event, EventKind, Severity, Transition
from protocols.clock import NowNs
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

NOTE = "machine"
SUBJECT = "state"
RESTORED = "restored.json"
"""What `hydronest restore` leaves in the state directory."""
LONGEST_BYTES = 4096


def look_whose_card(
    journal: Journal,
    state_dir: Path,
    tell: Callable[[Event], None],
    now_ns: NowNs,
    machine: Callable[[], str] = machine_name,
) -> None:
    """For a start, once the journal is open. Blocks for a few small files.

    The machine stands in the journal, so a copy of it takes it along. What the hardware does not say is not compared.
    """

    def noted(reason: Reason, severity: Severity) -> None:
        tell(Event(EventKind.SELF_FAULT, SUBJECT, severity, Transition.NOTED, now_ns(), {"reason": reason}))

    if journal.failing is not None:
        return  # what it holds is not known: core begins anew when it is
    here, before = machine(), journal.notes().get(NOTE)
    if here and before != here:
        if before:
            noted(Reason("state.other_machine"), Severity.ALARM)
        journal.keep(NOTE, here)
    marker = state_dir / RESTORED
    try:
        made = str(read_json_object(marker.read_bytes(), LONGEST_BYTES).get("made", "?"))
    except FileNotFoundError:
        return
    except (OSError, BadJson):
        made = "?"
    noted(Reason("state.restored", made=made), Severity.WARNING)
    journal.keep("restored", made, lambda: marker.unlink(missing_ok=True))
