"""From a centre's settings to the uplink."""

import ssl
from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from agent.settings import uplinks as settings
from agent.uplinks.contract import NotAllowed
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre, Gb26875Uplink, Newest
from drivers.profile.plain import plain
from protocols.gb26875.dialect import DIALECTS
from protocols.reason import Reason
from protocols.system import os_reason
from protocols.tls import tls_reason


def configured(
    uplink: settings.Gb26875Uplink,
    newest: Newest,
    duty: DutyChecks,
    utc_ns: Callable[[], int],
    *,
    timezone: str,
    version: tuple[int, int],
    on_clock: Callable[[str], None],
) -> Gb26875Uplink:
    """The uplink of these settings."""
    centre = Centre(
        uplink.host,
        uplink.port,
        local=uplink.address,
        remote=uplink.centre_address,
        dialect=DIALECTS[uplink.dialect],
        tls=None if uplink.tls is None else partial(_context, uplink.tls),
        server_name=None if uplink.tls is None else uplink.tls.server_name,
        timeout_s=uplink.timeout_s,
        connect_s=uplink.connect_s,
        heartbeat_s=uplink.heartbeat_s,
        window=uplink.window.event,
    )
    seats = {device: Seat(**plain(seat)) for device, seat in uplink.seats.items()}
    mapper = Mapper(seats, centre.dialect, ZoneInfo(timezone), uplink.analog_every_s, dict(uplink.bits))
    return Gb26875Uplink(uplink.id, centre, mapper, newest, duty, utc_ns, version=version, on_clock=on_clock)


def _context(tls: settings.Tls) -> ssl.SSLContext:
    """Files are read at every connect, so that a renewed certificate needs no restart. NotAllowed for one of no use."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:
        raise NotAllowed("uplink.file", key="ca_file", file=str(tls.ca_file), why=_reason(error)) from None
    if tls.certificate_file is not None:
        try:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
        except OSError as error:
            pem, key = str(tls.certificate_file), str(tls.key_file)
            raise NotAllowed("uplink.key_files", certificate_file=pem, key_file=key, why=_reason(error)) from None
    return context


def _reason(error: OSError) -> Reason:
    return tls_reason(error) if isinstance(error, ssl.SSLError) else os_reason(error)
