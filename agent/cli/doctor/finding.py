"""What is said of one part: fine, or why not and what to do."""

from typing import Literal, NamedTuple

from protocols.reason import Reason

State = Literal["fine", "doubt", "fault"]
"""`doubt`: it works, and will not for ever, or not as it should."""


class Finding(NamedTuple):
    """`part` is a word of the catalogue, `subject` an id or empty."""

    part: str
    subject: str
    state: State
    why: Reason | None = None
    remedy: Reason | None = None


def fault(part: str, subject: str, why: Reason, remedy: Reason | None = None) -> Finding:
    """It does not do its work."""
    return Finding(part, subject, "fault", why, remedy)


def doubt(part: str, subject: str, why: Reason, remedy: Reason | None = None) -> Finding:
    """It does, still."""
    return Finding(part, subject, "doubt", why, remedy)


def told(part: str, subject: str, found: list[Finding]) -> list[Finding]:
    """What was found, or that the part is fine."""
    return found or [Finding(part, subject, "fine")]
