"""The gateway's key as a report has it: asked for signatures of an evidence file's marks."""

from collections.abc import Sequence

from agent.reports.evidence.chain import Mark
from agent.reports.evidence.signed import ABOUT, Sign, sealed
from agent.runtime.ed25519 import PrivateKey
from agent.runtime.seals import sealed_text
from agent.runtime.signed import SEAL, signature

KEY = PrivateKey(bytes(range(32)))
IDENTITY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="


def signs(gateway: str, key: PrivateKey = KEY) -> Sign:
    """As core signs for this gateway."""

    def sign(day: str, marks: Sequence[Mark]) -> list[str]:
        return [signature(key, SEAL, sealed_text(gateway, ABOUT, sealed(day, mark))) for mark in marks]

    return sign
