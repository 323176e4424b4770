"""The demo's screen: the agent's own live screen, with the story and the keys below it."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.cli import nests, terminal
from agent.cli.terminal import RESET, fit, paint
from agent.cli.watch.look import Look
from agent.cli.watch.screen import Screen
from agent.cli.watch.state import State
from agent.cli.watch.view import screen as lines
from agent.control.client import Connection, NotRunning, RequestFailed
from hil.demo import interrupt
from hil.demo.layout import FIRE, DemoLayout
from hil.demo.texts import say
from hil.patience import scaled

INTERVAL_S = 0.5
PATIENCE_S = 2.0


class Live:
    """Shows `stage` until q is pressed or `until_s` seconds are over."""

    def __init__(
        self, stage: DemoLayout, language: str, until_s: float | None, *, colour: bool, ascii_only: bool
    ) -> None:
        self._stage = stage
        self._language = language
        self._until = None if until_s is None else time.monotonic() + until_s
        self._colour = colour
        self._ascii = ascii_only
        self._state = State()
        self._connection: Connection | None = None

    def run(self) -> None:
        """Take the terminal, give it back."""
        with Screen() as screen, _aside(self._stage.folder / "world.log"):
            while not self._state.done and (self._until is None or time.monotonic() < self._until):
                interrupt.look()
                self._refresh()
                screen.draw(self._lines(*screen.size()))
                for key in screen.keys(INTERVAL_S):
                    if key == "resize":
                        screen.forget()
                    else:
                        self._press(key)

    def _press(self, key: str) -> None:
        ours = {"c": self._stage.toggle_wire, "p": self._stage.toggle_platform, "x": self._stage.kill_agent}
        if key in ours and not self._state.typing:
            ours[key]()
        else:
            self._state.press(key)

    def _refresh(self) -> None:
        state = self._state
        try:
            if self._connection is None:
                self._connection = Connection(str(self._stage.socket), scaled(PATIENCE_S))
            frame = self._connection.ask(
                "watch", count=1, first=state.first, rows=max(state.rows, 60), find=state.find,
                only_not_ok=state.only_not_ok, map=True,
            )  # fmt: skip
            state.take(terminal.clean(frame), time.monotonic())
            if state.page == "detail":
                state.look_closely(terminal.clean(self._connection.ask("hydrant.show", device=state.device)))
        except (NotRunning, RequestFailed):
            self._connection = None
            state.nobody_answers(say(self._language, "the agent is being started ..."), time.monotonic())

    def _lines(self, width: int, height: int) -> list[str]:
        look = Look(width, height - 3, self._colour, self._ascii)
        above = lines(self._state, look) if self._state.frame else [""] * (height - 3)
        judged = paint(fit(" " + judged_of(self._stage, self._language), width), "warning", self._colour)
        story = paint(fit(" " + story_of(self._stage, self._language), width), "dim", self._colour)
        keys = say(self._language, " c cut the wire  p stop the platform  x kill the agent  q end")
        return [*above, judged, story, f"\033[7m{fit(keys, width)}{RESET}"]


@contextlib.contextmanager
def _aside(log: Path) -> Iterator[None]:
    """What the simulated world's libraries write to standard error goes there: one line would scroll the screen."""
    before = os.dup(2)
    try:
        with log.open("ab") as aside:
            os.dup2(aside.fileno(), 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def story_of(stage: DemoLayout, language: str) -> str:
    """What is going on in the world, and the account so far, on one line."""
    parts = []
    if stage.cut:
        parts.append(say(language, "the street's wire is CUT"))
    if stage.platform_gone:
        parts.append(say(language, "the platform is GONE"))
    if stage.kills:
        parts.append(say(language, "the agent was killed {count} times", count=stage.kills))
    place = stage.town.place(FIRE[0]).name
    left_s = stage.fire_at_s - stage.elapsed_s
    if left_s > 0:
        text = "H07 is dead, H05 tells nonsense; fire near {place} in {seconds} s"
        parts.append(say(language, text, place=place, seconds=round(left_s)))
    else:
        parts.append(say(language, "fire near {place}: three hydrants drawn from", place=place))
    parts += [flown for one in stage.nests if (flown := flight_of(one, language))]
    counted = stage.account
    facts = {"read": counted.read, "committed": counted.committed, "received": counted.received}
    parts.append(say(language, "{read} read  {committed} kept  {received} received", **facts))
    return "  |  ".join(parts)


FLIGHT = {
    "preparing": "the nest opens for the drone",
    "launching": "the drone takes off",
    "outbound": "the drone flies to the fire",
    "on_scene": "the drone is over the fire",
    "returning": "the drone flies home",
    "securing": "the drone is clamped in its nest",
    "closing": "the nest closes over the drone",
    "blocked": "something is on the pad: the nest stands still",
}


def flight_of(one: dict[str, Any], language: str) -> str:
    """What a nest is at, in plain words; nothing while it rests."""
    if one["phase"] == "rest":
        return ""
    if text := FLIGHT.get(one["phase"]):
        return say(language, text)
    return say(language, "nest {nest}: {phase}", nest=one["id"], phase=nests.phase(one))


def judged_of(stage: DemoLayout, language: str) -> str:
    """The rate, what works near the fire, what the fire centre has heard, on one line."""
    brigade = stage.brigade
    parts = []
    if brigade.rate:
        text = "serviceable {serviceable} of {total}, not {not_serviceable}, unknown {unknown}"
        parts.append(say(language, text, **brigade.rate))
    if brigade.near:
        found = ", ".join(f"{one['id']} {one['distance_m']:.0f} m {_flow(one)}" for one in brigade.near)
        parts.append(say(language, "nearest that work: {found}", found=found))
    if brigade.centre_heard:
        parts.append(say(language, "the fire centre heard: {heard}", heard=brigade.centre_heard[-1]))
    return "  |  ".join(parts)


def _flow(one: dict[str, Any]) -> str:
    flow = one["flow_l_s"] if one["flow_l_s"] is not None else one["counted_l_s"]
    return f"{flow:.0f} L/s" + ("?" if one["assumed"] else "")
