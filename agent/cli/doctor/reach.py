"""The way to a far end: name, TCP, TLS. Only where the agent is not connected: what works is left alone."""

import socket
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from agent.settings.lines import OpcuaLine, RtuTcpLine, TcpLine
from agent.settings.settings import Settings
from agent.settings.uplinks import Gb26875Uplink, MqttUplink, Tls
from protocols.reason import Reason
from protocols.system import file_reason, os_reason
from protocols.tls import tls_reason

STEP_S = 3.0
ALERT_S = 0.3
"""So long a far end with TLS 1.3 may take to say that it wants a certificate of ours: the handshake is over by then."""


class Goal(NamedTuple):
    """Whom to reach. `part` is uplink or line; `may_want_tls` where a plain port is asked whether it speaks TLS."""

    part: str
    subject: str
    host: str
    port: int
    tls: Tls | None = None
    may_want_tls: bool = False


class Reached(NamedTuple):
    """How far it went: `trouble` None is all the way. `wants_tls`: the far end speaks TLS, and we would not."""

    goal: Goal
    trouble: Reason | None = None
    wants_tls: bool = False
    took_ms: float = 0.0


class Expiry(NamedTuple):
    """A certificate of ours, and the days it has left; `trouble` where it cannot be read."""

    subject: str
    file: str
    days: float
    trouble: Reason | None = None


def goals(settings: Settings) -> list[Goal]:
    """Every far end that is reached over a network."""
    uplinks = [Goal("uplink", one.id, one.host, one.port, one.tls, one.tls is None) for one in _networked(settings)]
    lines = [
        Goal("line", one.id, one.host, one.port) for one in settings.site.lines if isinstance(one, TcpLine | RtuTcpLine)
    ]
    return [*uplinks, *lines, *(_of_opcua(one) for one in settings.site.lines if isinstance(one, OpcuaLine))]


def _of_opcua(line: OpcuaLine) -> Goal:
    host, _, port = line.url.removeprefix("opc.tcp://").partition("/")[0].rpartition(":")
    return Goal("line", line.id, host.strip("[]") or port, int(port) if host and port.isdecimal() else 4840)


def reached(goal: Goal, step_s: float = STEP_S) -> Reached:
    """Go there; blocks for three steps at most. Nothing but a greeting is sent."""
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(goal.host, goal.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = os_reason(error) if isinstance(error, OSError) else Reason("dns.EAI_NONAME")
        return Reached(goal, Reason("doctor.no_name", host=goal.host, why=why))
    place, address = f"{goal.host}:{goal.port}", (str(found[0][4][0]), goal.port)
    try:
        with socket.create_connection(address, timeout=step_s) as plain:
            trouble = None if goal.tls is None else _shaken(plain, goal, goal.tls)
    except OSError as error:
        code = "doctor.refused" if isinstance(error, ConnectionRefusedError) else "doctor.unreachable"
        return Reached(goal, Reason(code, place=place, why=os_reason(error)))
    wants_tls = goal.may_want_tls and _speaks_tls(address, step_s)
    return Reached(goal, trouble, wants_tls, (time.monotonic() - began) * 1000)


def _shaken(plain: socket.socket, goal: Goal, tls: Tls) -> Reason | None:
    name = tls.server_name or goal.host
    try:
        context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
        if tls.certificate_file is not None and tls.key_file is not None:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except ssl.SSLError as error:
        return tls_reason(error)
    except OSError as error:
        return file_reason(error.filename or tls.ca_file, error)
    try:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            secure.settimeout(ALERT_S)
            secure.recv(1)
    except TimeoutError:
        return None
    except ssl.SSLError as error:
        return tls_reason(error, name)
    except OSError as error:
        return Reason("doctor.closed_in_handshake", why=os_reason(error))
    return None


def _speaks_tls(address: tuple[str, int], step_s: float) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whether it is TLS is asked, not whose
    try:
        with (
            socket.create_connection(address, timeout=step_s) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it answered in TLS, if only to say no
    except OSError:
        return False


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """Every certificate of ours that the settings name."""
    named = [(one.id, one.tls.certificate_file) for one in _networked(settings) if one.tls is not None]
    named += [(one.id, one.certificate_file) for one in settings.site.lines if isinstance(one, OpcuaLine)]
    return [_expiry(subject, file, now) for subject, file in named if file is not None]


def _networked(settings: Settings) -> list[MqttUplink | Gb26875Uplink]:
    return [one for one in settings.site.uplinks if one.enabled and isinstance(one, MqttUplink | Gb26875Uplink)]


def _expiry(subject: str, file: Path, now: datetime) -> Expiry:
    try:
        content = file.read_bytes()
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
        left = load(content).not_valid_after_utc - now.astimezone(UTC)
    except OSError as error:
        return Expiry(subject, str(file), 0.0, file_reason(file, error))
    except ValueError:
        return Expiry(subject, str(file), 0.0, Reason("opcua.not_a_certificate", file=str(file)))
    return Expiry(subject, str(file), left.total_seconds() / 86_400)
