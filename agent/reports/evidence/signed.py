"""Who signed an evidence file: the gateway, each few lines and its end. Pure.

Each signature is over a seal as docs/platform-contract.md 8 has it, about `evidence`: `day`, `head`, the chain value of
a line, and `lines`, its number. That of the end goes upwards as an event too.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from agent.reports.evidence.chain import SIGNED, Line, Mark, Tampered, is_mark
from agent.runtime.seals import sealed_text
from agent.runtime.signed import SEAL, is_signed

ABOUT = "evidence"
Sign = Callable[[str, Sequence[Mark]], list[str]]
"""Signs marks of a day, as the gateway; nothing where it has no key."""


def sealed(day: str, mark: Mark) -> dict[str, Any]:
    """What is signed of a mark, by name."""
    return {"day": day, "head": mark.head, "lines": mark.lines}


class Signatures:
    """Takes the lines in order; `check` when all are there, before anything they say is believed."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._head: dict[str, Any] = {}
        self._line: Line | None = None

    def take(self, line: Line) -> None:
        """The next one."""
        if line.part == SIGNED:
            self._line = line
        elif line.part == "head":
            self._head = self._head or line.content
        if is_mark(line.number, line.part):
            self._marks.append(Mark(line.number, line.chain))

    def check(self, key: str) -> str:
        """Whose they are: his public key. Raises Tampered: nobody's, another's than `key`, or where they end."""
        if self._line is None:
            raise Tampered("evidence.unsigned")
        signer, signatures = str(self._line.content["identity"]), list(self._line.content["signatures"])
        if key and key != signer:
            raise Tampered("evidence.other_signer", line=self._line.number, signer=signer)
        gateway, day, first = str(self._head.get("gateway")), str(self._head.get("day")), 1
        for mark, proof in zip_longest(self._marks, signatures):
            last = self._line.number if mark is None else mark.lines
            text = "" if mark is None else sealed_text(gateway, ABOUT, sealed(day, mark))
            if not is_signed(signer, SEAL, text, str(proof)):
                raise Tampered("evidence.forged", first=first, last=last)
            first = last + 1
        return signer
