"""A site as it was read: who stands where, by id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.settings.devices import Device
from agent.settings.lines import Line
from agent.settings.models import Site
from agent.settings.rules import Rules
from drivers.nest.profile import NestProfile
from drivers.profile.load import SHIPPED
from drivers.profile.mistake import Mistake
from drivers.profile.model import ModbusProfile, OpcuaProfile, PollClasses
from drivers.profile.plain import plain

if TYPE_CHECKING:
    from agent.settings.terminals import Terminal  # a site without one does not load it

SHIPPED_RULES = SHIPPED.parent / "rules" / "cn-2026.3.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """A site, its profiles and its rules, checked against each other; devices and lines by id, makes of nest by nest,
    command sets of BeiDou terminals by uplink.

    `doubts` are mistakes that may be meant.
    """

    path: Path
    site: Site
    profiles: Mapping[str, ModbusProfile | OpcuaProfile]
    rules: Rules
    rules_text: str
    nest_profiles: Mapping[str, NestProfile]
    terminals: "Mapping[str, Terminal]"
    doubts: tuple[Mistake, ...] = ()
    devices: Mapping[str, Device] = field(init=False, repr=False)
    lines: Mapping[str, Line] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "devices", {device.id: device for device in self.site.devices})
        object.__setattr__(self, "lines", {line.id: line for line in self.site.lines})

    @property
    def nest_lines(self) -> tuple[str, ...]:
        """The lines that nests hang on: flight's own, all others are core's or opcua's."""
        return tuple(dict.fromkeys(nest.line for nest in self.site.nests))

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.site.journal.path or self.site.gateway.state_dir / "journal.db"

    @property
    def socket_path(self) -> Path:
        """Where the control socket lies."""
        return self.site.gateway.socket or self.site.gateway.state_dir / "control.sock"

    @property
    def flight_socket_path(self) -> Path:
        """Where the flight process is asked and ordered, beside the control socket."""
        return self.socket_path.with_name("flight.sock")

    @property
    def flight_lock_path(self) -> Path:
        """What keeps a second flight out, beside its socket: not on the card, which may hang."""
        return self.socket_path.with_name("flight.lock")

    @property
    def flight_dir(self) -> Path:
        """Where everything of flying is kept: orders, phases, flights."""
        return self.site.gateway.state_dir / "flight"

    @property
    def tree_path(self) -> Path:
        """Where the supervisor tells of its children's lives, beside the control socket."""
        return self.socket_path.with_name("tree.json")

    @property
    def rules_path(self) -> Path:
        """The rule file the judge goes by."""
        return self.site.judge.rules or SHIPPED_RULES

    def profile_of(self, device_id: str) -> ModbusProfile | OpcuaProfile:
        """A device's profile; KeyError for an unknown device."""
        return self.profiles[self.devices[device_id].profile]

    def poll_s_of(self, device_id: str) -> PollClasses:
        """A device's periods: its own before its line's before its profile's. KeyError for an unknown device."""
        device = self.devices[device_id]
        line = self.lines[device.line]
        periods = plain(self.profiles[device.profile].poll_s)
        for override in (line.poll_s, device.poll_s):
            periods |= {name: period_s for name, period_s in override if period_s is not None}
        return PollClasses.model_construct(**periods)
