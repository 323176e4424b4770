"""The agent's reading of real flights, message by message, against what truly happened in them (`truth/README.md`)."""

from typing import TypeVar

import pytest

from drivers.drone.ownership import GONE_TO, HELD, LANDING, ON_ROUTE, RETURNING, Owner, Ownership
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.orders import TAKEOFF, Result
from hil.vehicle.profile import PROFILES
from protocols.mavlink.components import speaks_for
from protocols.mavlink.messages import take
from protocols.mavlink.plausible import believed_down
from protocols.mavlink.state import VehicleState
from tests.nest.conftest import HOME
from tests.nest.tlog import Heard, messages

T = TypeVar("T")
DOWN = frozenset({"HEARTBEAT", "SYS_STATUS", "GLOBAL_POSITION_INT", "EXTENDED_SYS_STATE"})
UP = frozenset({"COMMAND_LONG", "COMMAND_INT"})
ARM, GO, LAND, MODE = 400, 192, 21, 176
ASKED = {3: ON_ROUTE, 6: RETURNING, 17: HELD, (4, 3): HELD, (4, 4): ON_ROUTE, (4, 5): RETURNING}
OURS, RETURNS, LANDS, PILOT = Owner.OURS, Owner.RETURNS, Owner.LANDS, Owner.PILOT
LATE_S = 1.2
"""A heartbeat a second: what happened is seen so much later at most."""


def told(ownership: Ownership, order: Heard, ardupilot: bool) -> None:
    """What the agent of that day sent: it also cancelled what was not its."""
    f = order.fields
    if f["command"] == ARM and f["param1"] == 1:
        ownership.launched()
    elif f["command"] == GO:
        ownership.commanded(GONE_TO)
    elif f["command"] == LAND:
        ownership.commanded(LANDING)
    elif f["command"] == MODE:
        mode = int(f["param2"]) if ardupilot else (int(f["param2"]), int(f["param3"]))
        if mode in ASKED:
            ownership.commanded(ASKED[mode])


class Reading:
    """One flight as the agent reads it: when it thought what."""

    def __init__(self, flight: str) -> None:
        self.owners: list[tuple[float, Owner]] = []
        self.down: list[tuple[float, bool]] = []
        self.ready: list[tuple[float, bool]] = []
        self.up_at_m = 0.0
        both = [(m.t_s, 0, m) for m in messages(flight, "down", DOWN)]
        both += [(m.t_s, 1, m) for m in messages(flight, "up", UP)]
        state, ownership = VehicleState(), Ownership()
        for t_s, ours, message in sorted(both, key=lambda each: each[:2]):
            now = round(t_s * 1e9)
            if ours:
                told(ownership, message, flight.endswith("-ap"))
            elif speaks_for(message.name, message.component, 1) and take(state, message.name, message.fields, now):
                self._note(self.ready, t_s, state.armable)
                self._note(self.down, t_s, believed_down(state, now))
                if self.down[-1][1]:
                    self.up_at_m = max(self.up_at_m, state.height_m)
                if message.name == "HEARTBEAT":
                    owner = ownership.look(state.mode, now) if state.armed else Owner.OURS
                    self._note(self.owners, t_s, owner)

    @staticmethod
    def _note(seen: list[tuple[float, T]], t_s: float, what: T) -> None:
        if not seen or seen[-1][1] != what:
            seen.append((t_s, what))


@pytest.mark.parametrize(
    ("flight", "owners", "down_s"),
    [
        ("nominal_wide-ap", [], 244),
        ("battfs-ap", [(87.5, RETURNS), (99.7, OURS)], 346),
        ("battfs-px4", [(83.3, RETURNS), (160, OURS)], 160),
        ("breach-ap", [(97.4, LANDS), (154, OURS)], 222),
        ("pilot_acro-ap", [(92.9, PILOT), (103, OURS)], 307),
        ("wind-ap", [(391.7, RETURNS)], None),
        ("nominal-px4", [], 250),
        ("gpsloss-px4", [(95.7, LANDS), (123, OURS)], 286),
        ("cut60-px4", [(63, RETURNS), (116, OURS)], 116),
        ("pilot_loiter-px4", [(98.9, RETURNS), (103, OURS), (105, RETURNS), (187, OURS)], 187),
    ],
)
def test_whose_the_mode_was_and_when_it_was_down(
    flight: str, owners: list[tuple[float, Owner]], down_s: float | None
) -> None:
    reading = Reading(flight)
    first, *rest = reading.owners
    assert first[1] is OURS
    assert [owner for _, owner in rest] == [owner for _, owner in owners]
    for (seen_s, owner), (true_s, _) in zip(rest, owners, strict=True):
        assert true_s - 0.5 <= seen_s <= true_s + LATE_S, owner
    assert reading.up_at_m < 1.5  # never believed to be down in the air
    last_s, is_down = reading.down[-1]
    assert is_down == (down_s is not None)
    assert down_s is None or down_s - 0.5 <= last_s <= down_s + LATE_S
    assert [ready for _, ready in reading.ready][:2] == [False, True]  # PX4 by its health bit alone


def test_the_simulator_announces_its_return_as_long_before_as_px4_did() -> None:
    """For five seconds its mode is still the one we commanded, and it flies on in it."""
    said_s = next(
        m.t_s for m in messages("battfs-px4", "down", frozenset({"STATUSTEXT"})) if "5 seconds" in m.fields["text"]
    )
    modes = messages("battfs-px4", "down", frozenset({"HEARTBEAT"}))
    returned_s = next(m.t_s for m in modes if m.fields["custom_mode"] == PROFILES["px4"].modes["rtl"])
    auto = Autopilot(PROFILES["px4"], HOME, ekf_s=0.0)
    auto.step(0.1)
    assert auto.command(ARM, (1.0, *[0.0] * 6)) is Result.ACCEPTED
    assert auto.command(TAKEOFF, (0.0,) * 7) is Result.ACCEPTED
    while auto.mode != "hold":
        auto.step(0.1)
    auto.battery.left_wh = 0.1 * auto.battery.capacity_wh
    auto.step(0.1)
    begun = auto.t
    assert any("5 seconds" in text for _, text in auto.texts)
    while auto.mode == "hold":
        auto.step(0.1)
    assert auto.mode == "rtl"
    assert returned_s - said_s - LATE_S <= auto.t - begun <= returned_s - said_s + 0.2
