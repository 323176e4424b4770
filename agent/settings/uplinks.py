"""Uplinks: where what was committed is forwarded to."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from agent.settings.bearers import Bearer
from agent.settings.lines import FilePath, Host, Id, Port, pair
from agent.settings.public_key import PublicKey
from drivers.event import EventKind
from drivers.profile.mistake import Fault, Wrong, listed, nearest, shown
from drivers.profile.part import Part, pattern_hint, shaped
from protocols.gb26875.dialect import DIALECTS
from protocols.gb26875.words import HYDRANT_SYSTEM, PRESSURE_COMPONENT


def _dialect(name: Any) -> Any:
    if isinstance(name, str) and name not in DIALECTS:
        near, known = nearest(name, DIALECTS), tuple(DIALECTS)
        if near is None:
            raise Wrong("settings.not_known", "write.one_of", value=shown(name), known=known)
        raise Wrong("settings.not_known", "write.near_of", value=shown(name), near=near, known=known)
    return name


def _event(name: str) -> str:
    if name not in EVENTS:
        known = listed(EVENTS, 40)
        raise Wrong("settings.no_event", "write.one_of", value=name, known=known)
    return name


EVENTS = tuple(kind.value for kind in EventKind)
EventName = Annotated[str, AfterValidator(_event)]
ComponentBit = Literal["fire", "fault", "shielded", "supervise", "started", "feedback", "delay", "power_fault"]
_TOPIC = r"[^+#\s]+"
_CARD = r"[0-9]{1,12}"


def _terminal(name: str, info: ValidationInfo) -> str:
    """A relative path is taken from the site file's folder."""
    folder = (info.context or {}).get("folder")
    return name if folder is None or not name.endswith(".toml") else str(Path(folder, name))


class Tls(Part):
    """TLS to the far end. Without `ca_file` the system's authorities count."""

    ca_file: FilePath | None = Field(None, description="PEM; who may vouch for the far end")
    certificate_file: FilePath | None = Field(None, description="PEM; our own, with key_file")
    key_file: FilePath | None = Field(None, description="PEM; readable by the agent only")
    server_name: str | None = Field(None, description="when the certificate names another host than `host`")

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if faults := [*pair("certificate_file", self.certificate_file, "key_file", self.key_file)]:
            raise Wrong.together(faults)
        return self


class Window(Part):
    """Most messages on their way at once, per lane. Backlog is guaranteed `backlog_share` of what is sent."""

    event: int = Field(8, ge=1, le=1000)
    telemetry: int = Field(16, ge=1, le=1000)
    backlog: int = Field(8, ge=1, le=1000)
    backlog_share: float = Field(0.2, ge=0.05, le=0.9)


class UplinkHead(Part):
    """What every uplink has."""

    id: Id = Field(description="what events and commands call it; its watermark is kept under this name")
    enabled: bool = Field(True, description="false: kept in the file, not run")
    order: Literal["free", "strict"] = Field(
        "free", description="strict: events and readings each oldest first, one at a time"
    )
    window: Window = Field(default_factory=Window, description="messages on their way at once")


class Networked(UplinkHead):
    """What every uplink over a network has."""

    bearers: Annotated[tuple[Bearer, ...], Field(strict=False)] = Field(
        (), description="several ways to the far end, the best first"
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [bearer.name for bearer in self.bearers]
        if twice := [index for index, name in enumerate(names) if name in names[:index]]:
            at = ("bearers", twice[0], "name")
            raise Wrong("settings.bearer_twice", "write.own_one", at=at, name=names[twice[0]])
        return self


class MqttUplink(Networked):
    """MQTT, QoS 1. `confirm = "platform"` waits for the platform's own acknowledgement, not only the broker's."""

    kind: Literal["mqtt"]
    host: Host
    port: Port = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    tls: Tls | None = Field(None, description="{ } is enough when the system's authorities know the broker")
    user: str | None = Field(None, description="with password_file")
    password_file: FilePath | None = Field(None, description="readable by the agent only")
    allow_plain: bool = Field(False, description="send the password although there is no TLS")
    client_id: str | None = Field(None, max_length=128, description="hydronest-GATEWAY when left out")
    topic_prefix: Annotated[str, shaped(_TOPIC, "write.topic"), pattern_hint(_TOPIC)] = "hydronest"
    confirm: Literal["broker", "platform"] = Field("broker", description="whose acknowledgement releases a record")
    platform_key: PublicKey | None = Field(
        None, description="the platform's public key, base64: only acknowledgements under its signature count"
    )
    unheard: Literal["wait", "accept"] = Field(
        "wait", description="a broker with nobody subscribed: wait until there is; accept where it consumes by itself"
    )
    keepalive_s: int = Field(20, ge=5, le=3600, description="a ping after this much silence")
    confirm_within_s: float = Field(10.0, ge=1, le=300, description="longest wait for an acknowledgement")

    @model_validator(mode="after")
    def _secrets(self) -> Self:
        faults = [*pair("user", self.user, "password_file", self.password_file)]
        if self.user is not None and self.tls is None and not self.allow_plain:
            instead = "write.tls_or_plain"
            faults.append(Fault("settings.password_in_clear", instead, {}, ("user",)))
        if self.platform_key is not None and self.confirm != "platform":
            faults.append(Fault("settings.key_of_nobody", "write.confirm_platform", {}, ("platform_key",)))
        if faults:
            raise Wrong.together(faults)
        return self


class Seat(Part):
    """Where a device sits in the centre's numbering: what the centre has on its list for it."""

    component_address: int = Field(ge=0, le=0xFFFF_FFFF, description="部件地址, one of its own in its system")
    component_type: int = Field(PRESSURE_COMPONENT, ge=0, le=255, description="部件类型")
    system_address: int = Field(1, ge=0, le=255, description="系统地址")
    system_type: int = Field(HYDRANT_SYSTEM, ge=0, le=255, description="系统类型")


class Gb26875Uplink(Networked):
    """城市消防远程监控中心, GB/T 26875.3. It has no authentication of its own: use `tls` or a VPN."""

    kind: Literal["gb26875"]
    host: Host
    port: Port
    address: int = Field(ge=0, le=(1 << 48) - 1, description="our own, as the centre has given it")
    centre_address: int = Field(0, ge=0, le=(1 << 48) - 1, description="the centre's")
    dialect: Annotated[str, BeforeValidator(_dialect), Field(json_schema_extra={"enum": list(DIALECTS)})] = Field(
        "standard", description="how the centre departs from the standard"
    )
    tls: Tls | None = Field(None, description="{ } is enough when the system's authorities know the centre")
    timeout_s: float = Field(
        3.0, ge=1, le=10, description="without a confirm it is sent again, three times; an alarm should not wait 10 s"
    )
    connect_s: float = Field(10.0, ge=1, le=60, description="longest wait for a connection")
    heartbeat_s: float = Field(25.0, ge=5, le=3600, description="for dialects that have a heartbeat")
    analog_every_s: float = Field(
        60.0, ge=0, le=86_400, description="one reading per device, point and period; 0: none"
    )
    seats: dict[Id, Seat] = Field({}, description="by device id; devices without a seat are nothing to the centre")
    bits: dict[EventName, ComponentBit] = Field({}, description="an event's own component state bit, instead of ours")


class BeidouUplink(UplinkHead):
    """How everything stands, in short messages of a BeiDou terminal. No record goes this way: docs/beidou.md."""

    kind: Literal["beidou"]
    port: str = Field(min_length=1, description="of the terminal, such as /dev/serial/by-id/…")
    terminal: Annotated[str, AfterValidator(_terminal)] = Field(
        "rdss-3", description="its command set: name of a file in config/terminals, or a path ending in .toml"
    )
    to: Annotated[str, shaped(_CARD, "write.card"), pattern_hint(_CARD)] = Field(
        description="number of the platform's card"
    )
    baud: Literal[9600, 19200, 38400, 57600, 115200] | None = Field(None, description="the command set's otherwise")
    message_bytes: int | None = Field(
        None, ge=48, le=1750, description="longest message this card may send; the command set's otherwise"
    )
    every_s: float = Field(3600.0, ge=60, le=86_400, description="a message at least so often, though nothing changed")
    time: bool = Field(
        False, description="its receiver's time counts where nobody else vouches; satellite signals prove nothing"
    )
    repeats: int = Field(
        1, ge=0, le=10, description="after a change it is told so many times more, for one may be lost"
    )


Uplink = Annotated[MqttUplink | Gb26875Uplink | BeidouUplink, Field(discriminator="kind")]
