"""From an uplink's settings to its forwarder. A new kind of uplink is one more branch here."""

from collections.abc import Callable

from agent.journal.outbox import Outbox
from agent.settings import uplinks as settings
from agent.uplinks.contract import Uplink
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import Pace
from drivers.event import Event

OnOrder = Callable[[str, bytes], None]


def forwarder(
    uplink: settings.Uplink,
    *,
    gateway: str,
    boot: str,
    outbox: Outbox,
    report: Callable[[Event], None],
    site: Callable[[], bytes],
    on_order: OnOrder | None = None,
) -> Forwarder:
    """A forwarder ready to run, of an uplink's settings. Only what this kind of uplink needs is imported.

    `boot` is this agent start's own name, as in its records; `site` makes the description of the site; `on_order` gets
    (topic, payload) of what the platform asks of us. `outbox` must have been opened with the uplink's `order`.
    """
    window = uplink.window
    pace = Pace(
        events=window.event,
        live=window.telemetry,
        backlog=window.backlog,
        strict=uplink.order == "strict",
        backlog_share=window.backlog_share,
    )
    return Forwarder(gateway, _mqtt(uplink, gateway, boot, site, on_order), outbox, report, pace, kind=uplink.kind)


def _mqtt(
    uplink: settings.MqttUplink, gateway: str, boot: str, site: Callable[[], bytes], on_order: OnOrder | None
) -> Uplink:
    from agent.uplinks.mqtt import MqttUplink  # a site without MQTT does not load it
    from protocols.mqtt import Link

    window, tls = uplink.window, uplink.tls
    link = Link(
        host=uplink.host,
        port=uplink.port,
        client_id=uplink.client_id or f"hydronest-{gateway}",
        protocol=uplink.protocol,
        tls=tls is not None,
        ca_file=tls.ca_file if tls else None,
        cert_file=tls.certificate_file if tls else None,
        key_file=tls.key_file if tls else None,
        server_name=tls.server_name if tls else None,
        user=uplink.user,
        password_file=uplink.password_file,
        keepalive_s=uplink.keepalive_s,
        answer_s=uplink.confirm_within_s,
        in_flight=window.event + window.telemetry + window.backlog,
    )
    return MqttUplink(
        uplink.id,
        gateway,
        boot,
        link,
        prefix=uplink.topic_prefix,
        confirm=uplink.confirm,
        confirm_s=uplink.confirm_within_s,
        site=site,
        on_order=on_order,
    )
