"""The gateway's own key: made at the first start, kept where nobody but core reads it, and ready after a power cut.

It signs what goes upwards to be held against us later: the heads of chains. What it signs is `hydronest seal v1`, the
gateway, what it is about, and the values as they were told, a line each.
"""

import base64
import logging
import os
from pathlib import Path

from agent.runtime.ed25519 import PrivateKey
from agent.runtime.signed import SEAL, signature
from drivers.event import Evidence

FILE = "identity.key"
_log = logging.getLogger("hydronest")


def sealed_text(gateway: str, about: str, told: Evidence) -> str:
    """What is signed: in the order of the names, so that nobody need know ours. Values are texts and whole numbers."""
    return "\n".join([gateway, about, *(f"{name}={told[name]}" for name in sorted(told))])


class Identity:
    """`load` first, off the loop. Until then, and where no key can be read or made, nothing is signed."""

    def __init__(self, folder: Path, gateway: str, given: Path | None = None) -> None:
        """`given` is the file that the settings name: such a one is read, and never made."""
        self.public = ""
        self._path = given or folder / FILE
        self._given = given is not None
        self._gateway = gateway
        self._private: PrivateKey | None = None

    def load(self) -> None:
        """Read the key, or make it. Never raises: what a card refuses is told in the log."""
        try:
            if not self._given and not self._path.exists():
                self._make(PrivateKey.made().pem())
            private = PrivateKey.from_pem(self._path.read_bytes())
        except (OSError, ValueError) as error:
            _log.error("the gateway's own key is not there, and nothing is signed with it: %s: %s", self._path, error)
            return
        self._private = private
        self.public = base64.b64encode(private.public).decode()

    def _make(self, content: bytes) -> None:
        """Whole or not at all, and never open to others, for no moment."""
        beside = self._path.with_name(f".{FILE}.new")
        beside.unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.rename(self._path)

    def sealed(self, about: str, told: Evidence) -> Evidence:
        """The same with `identity` and `signature`, where there is a key."""
        if self._private is None:
            return told
        signed = signature(self._private, SEAL, sealed_text(self._gateway, about, told))
        return {**told, "identity": self.public, "signature": signed}
