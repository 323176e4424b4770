"""The gateway's own key: made at the first start, kept where nobody but core reads it, and ready after a power cut.

It signs what goes upwards to be held against us later: the heads of chains. What it signs is `hydronest seal v1`, the
gateway, what it is about, and the values as they were told, a line each. Which key that is goes upwards too, as a
registration; the next key's is signed by the one before it, so that nobody has to come to the gateway for it.
"""

import base64
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from agent.runtime.durable import append_line, lines, sync
from agent.runtime.ed25519 import PrivateKey
from agent.runtime.envelope import enclosed, opened
from agent.runtime.seals import AGREED, KEY, sealed_text
from agent.runtime.signed import SEAL, is_signed, signature
from drivers.event import Evidence
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson

FILE = "identity.key"
REGISTERED, NEXT = "identity.registered", "identity.next"
"""Which keys there were, a registration a line; what the key of now says of one that is to be put in its place."""
KIND, LONGEST_BYTES = "identity", 4000
_log = logging.getLogger("hydronest")


class NotRenewed(Reasoned):
    """Another key is not taken."""


class Renewed(NamedTuple):
    """A key that follows, and its registration. `private` is None where the settings name the key's file."""

    private: PrivateKey | None
    registration: Evidence


class Identity:
    """`load` first, off the loop. Until then, and where no key can be read or made, nothing is signed."""

    def __init__(self, folder: Path, gateway: str, given: Path | None = None) -> None:
        """`given` is the file that the settings name: such a one is read, and never made."""
        self.public = ""
        self.given = given is not None
        self.registration: Evidence = {}
        """The newest: `number`, `key`, the key `before` (empty: none is known), signed by that or by itself."""
        self._folder = folder
        self._path = given or folder / FILE
        self._gateway = gateway
        self._private: PrivateKey | None = None

    def load(self) -> Evidence | None:
        """Read the key, or make it; a registration that was not told yet. Never raises: what a card refuses is told in
        the log.
        """
        try:
            registered = self._registered()
            if not self.given:
                self._finish(registered)
            if not self.given and not self._path.exists():
                self._make(PrivateKey.made().pem()).rename(self._path)
            private = PrivateKey.from_pem(self._path.read_bytes())
        except (OSError, ValueError) as error:
            _log.error("the gateway's own key is not there, and nothing is signed with it: %s: %s", self._path, error)
            return None
        self._private, self.public = private, base64.b64encode(private.public).decode()
        last = registered[-1] if registered else {}
        if last.get("key") == self.public:
            self.registration = last
            return None
        self.registration = self._next(last) or self._signed(private, KEY, self._about(last, self.public, ""))
        try:
            self._register(self.registration)
        except OSError as error:
            _log.error("the registration of the gateway's own key cannot be kept: %s", error)
        return self.registration

    def sealed(self, about: str, told: Evidence) -> Evidence:
        """The same with `identity` and `signature`, where there is a key."""
        return told if self._private is None else self._signed(self._private, about, told)

    def following(self) -> Evidence:
        """What the next key has to agree to, but for itself: its `number`, and the one `before`."""
        return self._about(self.registration, "", self.public)

    def renew(self) -> Renewed:
        """Make another key and have this one sign for it; `take` it then, on the loop, and `replace` the file. Blocks.
        Raises OSError, NotRenewed.
        """
        if self._private is None:
            raise NotRenewed("identity.none")
        if self.given:
            raise NotRenewed("identity.given", file=str(self._path))
        private = PrivateKey.made()
        told = self._about(self.registration, base64.b64encode(private.public).decode(), self.public)
        agreed = signature(private, SEAL, sealed_text(self._gateway, AGREED, told))
        registration = self._signed(self._private, KEY, {**told, "agreed": agreed})
        self._make(private.pem())
        self._register(registration)
        return Renewed(private, registration)

    def take(self, renewed: Renewed) -> None:
        """From now on it is the one that signs."""
        if renewed.private is not None:
            self._private, self.public = renewed.private, str(renewed.registration["key"])
            self.registration = renewed.registration

    def replace(self) -> None:
        """The key of before is gone. Blocks. Raises OSError: then the next start does it."""
        self._beside.rename(self._path)
        sync(self._path.parent)

    def announce(self, key: str, agreed: str) -> Renewed:
        """Sign for a key that a person is about to put into the file that the settings name; it counts from the start
        that finds it there. Blocks. Raises OSError, NotRenewed.
        """
        if self._private is None:
            raise NotRenewed("identity.none")
        told = self._about(self.registration, key, self.public)
        if key == self.public or not is_signed(key, SEAL, sealed_text(self._gateway, AGREED, told), agreed):
            raise NotRenewed("identity.not_agreed")
        registration = self._signed(self._private, KEY, {**told, "agreed": agreed})
        path = self._folder / NEXT
        path.unlink(missing_ok=True)
        append_line(path, _line(registration), sync=True)
        return Renewed(None, registration)

    @property
    def _beside(self) -> Path:
        return self._path.with_name(f".{FILE}.new")

    def _about(self, last: Mapping[str, object], key: str, before: str) -> Evidence:
        number = last.get("number", 0)
        return {"number": number + 1 if isinstance(number, int) else 1, "key": key, "before": before}

    def _signed(self, private: PrivateKey, about: str, told: Evidence) -> Evidence:
        proof = signature(private, SEAL, sealed_text(self._gateway, about, told))
        return {**told, "identity": base64.b64encode(private.public).decode(), "signature": proof}

    def _finish(self, registered: list[Evidence]) -> None:
        """A key that was registered as the process ended takes its place; one that was not goes."""
        try:
            key = base64.b64encode(PrivateKey.from_pem(self._beside.read_bytes()).public).decode()
        except FileNotFoundError:
            return
        except ValueError:  # cut off
            key = ""
        if registered and registered[-1].get("key") == key:
            self.replace()
        else:
            self._beside.unlink()

    def _next(self, last: Evidence) -> Evidence | None:
        """What the key of before said of this one."""
        told = _read(self._folder / NEXT) if self.given else []
        found = told[-1] if told else {}
        return found if found.get("key") == self.public and found.get("before") == last.get("key") else None

    def _registered(self) -> list[Evidence]:
        return _read(self._folder / REGISTERED)

    def _register(self, registration: Evidence) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        append_line(self._folder / REGISTERED, _line(registration), sync=True)

    def _make(self, content: bytes) -> Path:
        """Whole or not at all, and never open to others, for no moment."""
        beside = self._beside
        beside.unlink(missing_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        return beside


def _line(registration: Evidence) -> str:
    return enclosed(KIND, orjson.dumps(dict(registration))).decode()


def _read(path: Path) -> list[Evidence]:
    """Those that are whole. Raises OSError."""
    found: list[Evidence] = []
    for line in lines(path):
        try:
            found.append(opened(line.encode(), KIND, LONGEST_BYTES))
        except BadJson as error:
            _log.error("a line of %s is not as it was written: %s", path, error)
    return found
