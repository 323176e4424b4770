"""Where a broker is and how to be let in: everything a Session is told."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from protocols.errors import Refused
from protocols.reason import Reason
from protocols.system import os_reason
from protocols.tls import tls_reason

OnEnd = Callable[[Reason], None]
Hear = Callable[[str, bytes], None]
"""Takes (topic, payload) of what arrived on a subscription; never blocks, never raises."""


class TlsContext(ssl.SSLContext):
    """Checks the certificate against `server_name` where that is another host than we dial; holds what it wrapped.

    paho forgets the socket of a handshake that failed, and leaves it open: `hang_up` closes it.
    """

    server_name: str | None = None
    wrapped: ssl.SSLSocket | None = None

    def wrap_socket(  # type: ignore[override] # paho passes these three and no others
        self, sock: socket.socket, *, server_hostname: str | None = None, do_handshake_on_connect: bool = True
    ) -> ssl.SSLSocket:
        """As ssl.SSLContext's, under the name to be checked."""
        name = self.server_name or server_hostname
        self.wrapped = super().wrap_socket(sock, server_hostname=name, do_handshake_on_connect=do_handshake_on_connect)
        return self.wrapped

    def hang_up(self) -> None:
        """Close what was wrapped, if anything was."""
        if self.wrapped is not None:
            self.wrapped.close()


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name, retained, when we vanish."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """One broker. Files are read at every connect, so a renewed certificate or password needs no restart.

    `session_expiry_s` > 0 asks the broker to keep our subscriptions (and what arrives on them) that long while we are
    away; 0 starts clean. `in_flight` bounds unconfirmed publishes; a broker that bears fewer lowers it.
    `answer_s` is how long the broker may take over anything we ask. `server_name` is the name its certificate must
    bear where that is not `host`. `interface` is the network interface to go by, None: as the system's routes say.
    """

    host: str
    client_id: str
    port: int = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    user: str | None = None
    password_file: Path | None = field(default=None, repr=False)
    keepalive_s: int = 20
    answer_s: float = 10.0
    in_flight: int = 20
    session_expiry_s: int = 0
    will: Will | None = None
    interface: str | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def password(self) -> str | None:
        """The first line of `password_file`, None where there is none. Refused where it cannot be read."""
        if self.password_file is None:
            return None
        try:
            lines = self.password_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused("mqtt.file", key="password_file", file=str(self.password_file), why=_reason(error)) from None
        if not lines or not lines[0]:
            raise Refused("mqtt.empty_password", file=str(self.password_file))
        return lines[0]

    def tls_context(self) -> TlsContext | None:
        """TLS 1.2 or newer, the broker's name always checked. Refused where a file is missing or does not fit."""
        if not self.tls:
            return None
        try:
            context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
            if self.ca_file is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(self.ca_file)
        except OSError as error:
            raise Refused("mqtt.file", key="ca_file", file=str(self.ca_file), why=_reason(error)) from None
        context.server_name = self.server_name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            try:
                context.load_cert_chain(self.cert_file, self.key_file)
            except OSError as error:
                cert, key = str(self.cert_file), str(self.key_file)
                raise Refused("mqtt.key_files", cert_file=cert, key_file=key, why=_reason(error)) from None
        return context


def _reason(error: OSError | UnicodeDecodeError) -> Reason:
    """What is wrong with a file, in a few words."""
    if isinstance(error, ssl.SSLError):
        return Reason("mqtt.not_expected_in_file", why=tls_reason(error))
    return os_reason(error) if isinstance(error, OSError) else Reason("text.not_utf8")
