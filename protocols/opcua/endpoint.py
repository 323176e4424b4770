"""Where a server is and what it takes to believe it. No asyncua here: settings are checked without it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from protocols.reason import Reason

SecurityMode = Literal["none", "sign", "sign_and_encrypt"]
Policy = Literal["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
DEFAULT_PORT: Final = 4840


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server, and how to talk to it. `faults()` says what does not fit together.

    `trust` is the server's pinned certificate (a .der or .pem file) or a folder of trusted certificates and
    authorities; `own` is the folder that holds our own key and certificate, made on first use, unless
    `certificate_file` and `key_file` name a pair somebody else issued.
    """

    url: str
    security: SecurityMode = "none"
    policy: Policy = "Basic256Sha256"
    trust: Path | None = None
    own: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    application_uri: str = "urn:hydronest:gateway"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    allow_plain: bool = False
    timeout_s: float = 3.0

    @property
    def secure(self) -> bool:
        """Whether certificates take part."""
        return self.security != "none"

    @property
    def address(self) -> tuple[str, int]:
        """Host and TCP port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or DEFAULT_PORT

    def faults(self) -> tuple[Reason, ...]:
        """Every mistake, each with what to do; empty when all is well."""
        found = []
        parts = urlsplit(self.url)
        if parts.scheme != "opc.tcp" or not parts.hostname:
            found.append(Reason("opcua.not_an_address", url=self.url))
        if parts.username or parts.password:
            found.append(Reason("opcua.user_in_address"))
        if self.user and self.security != "sign_and_encrypt" and not self.allow_plain:
            found.append(Reason("opcua.user_in_clear", security=self.security))
        if self.secure and self.trust is None:
            found.append(Reason("opcua.needs_trust", security=self.security))
        if self.secure and self.own is None and (self.certificate_file is None or self.key_file is None):
            found.append(Reason("opcua.needs_own", security=self.security))
        return tuple(found)
