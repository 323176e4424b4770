"""From a centre's settings to the uplink."""

import ssl
from collections.abc import Callable
from zoneinfo import ZoneInfo

from agent.settings import uplinks as settings
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre, Gb26875Uplink, Newest
from protocols.gb26875.dialect import DIALECTS


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
    """The uplink of these settings. Raises OSError or ssl.SSLError when a certificate file cannot be used."""
    centre = Centre(
        uplink.host,
        uplink.port,
        local=uplink.address,
        remote=uplink.centre_address,
        dialect=DIALECTS[uplink.dialect],
        tls=None if uplink.tls is None else _context(uplink.tls),
        server_name=None if uplink.tls is None else uplink.tls.server_name,
        timeout_s=uplink.timeout_s,
        connect_s=uplink.connect_s,
        heartbeat_s=uplink.heartbeat_s,
        window=uplink.window.event,
    )
    seats = {device: Seat(**seat.model_dump()) for device, seat in uplink.seats.items()}
    mapper = Mapper(seats, centre.dialect, ZoneInfo(timezone), uplink.analog_every_s, dict(uplink.bits))
    return Gb26875Uplink(uplink.id, centre, mapper, newest, duty, utc_ns, version=version, on_clock=on_clock)


def _context(tls: settings.Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.certificate_file is not None:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
    return context
