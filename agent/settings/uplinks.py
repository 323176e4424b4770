"""Uplinks: where what was committed is forwarded to."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from agent.settings.lines import FilePath, Host, Id, Port, pair
from drivers.profile.mistake import Fault, Wrong
from drivers.profile.part import Part, pattern_hint, shaped

_TOPIC = r"[^+#\s]+"


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
    order: Literal["free", "strict"] = Field("free", description="strict: the platform needs one rising sequence")
    window: Window = Field(Window(), description="messages on their way at once")


class MqttUplink(UplinkHead):
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
    topic_prefix: Annotated[str, shaped(_TOPIC, "write a topic without +, # and spaces"), pattern_hint(_TOPIC)] = (
        "hydronest"
    )
    confirm: Literal["broker", "platform"] = Field("broker", description="whose acknowledgement releases a record")
    keepalive_s: int = Field(20, ge=5, le=3600, description="a ping after this much silence")
    confirm_within_s: float = Field(10.0, ge=1, le=300, description="longest wait for an acknowledgement")

    @model_validator(mode="after")
    def _secrets(self) -> Self:
        faults = [*pair("user", self.user, "password_file", self.password_file)]
        if self.user is not None and self.tls is None and not self.allow_plain:
            instead = "add tls = {{ … }}, or write allow_plain = true"
            faults.append(Fault("the password would go over the wire in clear", instead, {}, ("user",)))
        if faults:
            raise Wrong.together(faults)
        return self


Uplink = MqttUplink  # with a second kind: Annotated[MqttUplink | …, Field(discriminator="kind")]
