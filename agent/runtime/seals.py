"""Seals as they went upwards, and the keys that signed them: what they prove, to whoever kept them. Pure.

The signer of each has to be the key of that time: the first is believed, or the one that somebody noted down; every
next one is registered, signed for by the one before it. What a key signs after its successor was registered is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agent.runtime.signed import SEAL, is_signed
from protocols.reason import Reason

KEY: Final = "identity"
"""What a registration is about, as `audit` or `days` is what a head is about."""
AGREED: Final = "identity agreed"
"""What the next key itself signs, so that nobody registers another's."""
MOST_TOLD = 100
LONGEST_MESSAGE = 4 << 20
"""Bytes of one message, as a platform kept it."""


def sealed_text(gateway: str, about: str, told: Mapping[str, object]) -> str:
    """What is signed: in the order of the names, so that nobody need know ours. Values are texts and whole numbers."""
    return "\n".join([gateway, about, *(f"{name}={told[name]}" for name in sorted(told))])


@dataclass
class Proof:
    """Fed with seals in the order of (boot, seq). `keys`: who signed, the newest last. `acts`: each head of the
    record of acts, and the number of its line.
    """

    gateway: str
    keys: list[str] = field(default_factory=list)
    count: int = 0
    acts: dict[str, int] = field(default_factory=dict)
    trouble: list[Reason] = field(default_factory=list)

    def seal(self, subject: str, evidence: Mapping[str, Any]) -> None:
        """One event of kind `audit`."""
        self.count += 1
        told = {name: value for name, value in evidence.items() if name not in ("identity", "signature")}
        signer, proof = str(evidence.get("identity", "")), str(evidence.get("signature", ""))
        if not is_signed(signer, SEAL, sealed_text(self.gateway, subject, told), proof):
            self._wrong("seals.not_signed", of=subject)
        elif subject == KEY:
            self._registration(signer, told)
        elif not self.keys:
            self.keys.append(signer)
        elif signer != self.keys[-1]:
            self._wrong("seals.old_key" if signer in self.keys else "seals.other_key", of=subject, key=signer)
        if subject == "audit" and isinstance(told.get("lines"), int):
            self.acts[str(told.get("head"))] = told["lines"]

    def _registration(self, signer: str, told: Mapping[str, Any]) -> None:
        key, before = str(told.get("key", "")), str(told.get("before", ""))
        if self.keys and key == self.keys[-1]:
            return
        if not self.keys and not before and signer == key:
            self.keys.append(key)
            return
        about = {name: told.get(name) for name in ("number", "key", "before")}
        agreed = is_signed(key, SEAL, sealed_text(self.gateway, AGREED, about), str(told.get("agreed", "")))
        if before and before == signer and agreed and (not self.keys or self.keys[-1] == before):
            self.keys += [key] if self.keys else [before, key]
        else:
            self._wrong("seals.not_vouched", key=key)

    def _wrong(self, code: str, **facts: str) -> None:
        if len(self.trouble) < MOST_TOLD:
            self.trouble.append(Reason(code, **facts))


def prove(gateway: str, messages: Iterable[Mapping[str, Any]], noted: str = "") -> Proof:
    """Event messages as the platform took them, in any order; `noted` is the key somebody noted down at the set-up.

    Those of other gateways are left out; a message that came twice counts once.
    """
    proof = Proof(gateway, [noted] if noted else [])
    mine = {_place(one): one for one in messages if one.get("gateway") == gateway}
    for place in sorted(mine):
        for event in mine[place].get("events") or ():
            if event.get("kind") == "audit":
                proof.seal(str(event.get("subject")), event.get("evidence") or {})
    return proof


def _place(message: Mapping[str, Any]) -> tuple[int, str, int, int]:
    boot, seq, part = str(message.get("boot", "")), message.get("seq", 0), message.get("part", 1)
    return len(boot), boot, seq if isinstance(seq, int) else 0, part if isinstance(part, int) else 1
