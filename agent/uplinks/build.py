"""From an uplink's settings to its forwarder. A new kind of uplink is one more branch here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agent.link.outbox import Gap, Outbox
from agent.runtime.clock.reckon import Reckoned
from agent.settings import uplinks as settings
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import boottime_ns
from protocols.reason import Reason

if TYPE_CHECKING:
    from agent.settings.terminals import Terminal
    from agent.uplinks.answers import Answers
    from agent.uplinks.bearers import Movable
    from agent.uplinks.beidou.time import Moment
    from agent.uplinks.gb26875.duty import DutyChecks
    from agent.uplinks.gb26875.uplink import Newest
    from agent.uplinks.retained import Documents
    from agent.uplinks.way import Way

BROKER_S = 10.0  # a broker answers for itself; only a platform may need longer

ORDERS_KEPT_S = 86_400  # what the platform tells us while we are away waits at the broker

OnOrder = Callable[[str, bytes], None]


def forwarder(
    uplink: settings.Uplink,
    *,
    gateway: str,
    outbox: Outbox,
    report: Callable[[Event], None],
    site: Callable[[], bytes],
    on_order: OnOrder | None = None,
    room: "ControlRoom | None" = None,
    documents: "Documents | None" = None,
    answers: "Answers | None" = None,
    terminal: "Terminal | None" = None,
) -> Forwarder:
    """A forwarder ready to run, of an uplink's settings. Only what this kind of uplink needs is imported.

    `site` makes the description of the site; `on_order` gets (topic, payload) of what the platform asks of us; `room`
    is what a fire centre's questions are answered and short messages are made from; `documents` is how everything
    stands, for a broker to keep, and `answers` are what became of what the platform told; `terminal` is the command set
    of a BeiDou terminal.
    `outbox` must have been opened with the uplink's `order`.
    """
    window = uplink.window
    pace = Pace(
        events=window.event,
        live=window.telemetry,
        backlog=window.backlog,
        strict=uplink.order == "strict",
        backlog_share=window.backlog_share,
    )
    if isinstance(uplink, settings.BeidouUplink):
        if documents is None or room is None or terminal is None:
            raise ValueError(f"uplink {uplink.id}: a terminal needs to know how everything stands")
        from agent.uplinks.beidou.configured import configured  # a site without BeiDou does not load it

        short = configured(uplink, terminal, documents, room.names, room.clock, room.failing, room.on_time)
        return Forwarder(gateway, short, outbox, report, pace, more=short.status)
    far_end: Movable
    if isinstance(uplink, settings.Gb26875Uplink):
        if room is None:
            raise ValueError(f"uplink {uplink.id}: a fire centre needs a control room")
        far_end = _centre(uplink, room)
    else:
        far_end = _mqtt(uplink, gateway, site, on_order, report, documents, answers, outbox.lacks)
    if not uplink.bearers:
        return Forwarder(gateway, far_end, outbox, report, pace)
    from agent.uplinks.bearers import Bearers  # an uplink that has but one does not load it

    bearers = Bearers(far_end, ways(uplink), report)
    return Forwarder(gateway, bearers, outbox, report, pace, bearers=bearers)


def ways(uplink: settings.MqttUplink | settings.Gb26875Uplink) -> "list[Way]":
    """The bearers of these settings, the best first."""
    from agent.uplinks.way import Way

    return [
        Way(
            one.name,
            one.host or uplink.host,
            one.port or uplink.port,
            one.interface,
            one.carries,
            None if one.most_mb_per_day is None else one.most_mb_per_day * 1e6,
        )
        for one in uplink.bearers
    ]


@dataclass(frozen=True, slots=True)
class ControlRoom:
    """What far ends other than brokers are told from, and who hears them.

    `newest` gives a device's usable numbers by point: (value, unit, UTC nanoseconds); `utc_ns` is the best guess;
    `on_clock` gets the time a centre tells us, as ISO text in `timezone`. `clock` is UTC with its error, `names` what a
    short message can name, `failing` whether the journal takes nothing; `on_time` gets what a receiver of ours says.
    """

    newest: "Newest"
    duty: "DutyChecks"
    utc_ns: Callable[[], int]
    timezone: str
    version: str
    on_clock: Callable[[str], None]
    clock: Callable[[], Reckoned]
    names: Sequence[str]
    failing: Callable[[], bool]
    on_time: "Callable[[Moment], None]"


def _centre(uplink: settings.Gb26875Uplink, room: ControlRoom) -> "Movable":
    from agent.uplinks.gb26875.configured import configured

    major, minor = room.version.split(".")[:2]
    return configured(
        uplink,
        room.newest,
        room.duty,
        room.utc_ns,
        timezone=room.timezone,
        version=(int(major), int(minor)),
        on_clock=room.on_clock,
    )


def _mqtt(
    uplink: settings.MqttUplink,
    gateway: str,
    site: Callable[[], bytes],
    on_order: OnOrder | None,
    report: Callable[[Event], None],
    documents: "Documents | None",
    answers: "Answers | None",
    on_missing: Callable[[Sequence[Gap]], None],
) -> "Movable":
    from agent.uplinks.besides import Besides
    from agent.uplinks.mqtt import MqttUplink  # a site without MQTT does not load it
    from agent.uplinks.retained import HEAD
    from protocols.mqtt import Link

    def unannounced(what: str, why: Reason) -> None:
        facts: dict[str, Value | Reason] = {"reason": why, "what": what}
        report(Event(EventKind.UPLINK_REFUSED, uplink.id, Severity.WARNING, Transition.NOTED, boottime_ns(), facts))

    def doubtful(why: Reason) -> None:
        told = {"reason": why}
        report(Event(EventKind.UPLINK_REFUSED, uplink.id, Severity.WARNING, Transition.NOTED, boottime_ns(), told))

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
        answer_s=uplink.confirm_within_s if uplink.confirm == "broker" else min(uplink.confirm_within_s, BROKER_S),
        in_flight=window.event + window.telemetry + window.backlog,
        session_expiry_s=0 if on_order is None else ORDERS_KEPT_S,
    )
    besides: Besides | None = None
    if documents is not None and answers is not None:
        base = f"{uplink.topic_prefix}/{gateway}"
        besides = Besides(documents, answers, gateway, base, partial(unannounced, HEAD))
    return MqttUplink(
        uplink.id,
        gateway,
        "",
        link,
        prefix=uplink.topic_prefix,
        confirm=uplink.confirm,
        confirm_s=uplink.confirm_within_s,
        unheard=uplink.unheard,
        site=site,
        on_order=on_order,
        on_unannounced=unannounced,
        platform_key=uplink.platform_key,
        on_doubtful=doubtful,
        besides=besides,
        on_missing=on_missing,
    )
