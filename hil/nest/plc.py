"""The PLC's program: a register image laid out by any profile, and the command style that profile names."""

import math
from collections.abc import Sequence
from typing import Literal

from drivers.nest.profile import DoneWord, NestPoint, NestProfile
from hil.nest.mechanics import Mechanics
from protocols.errors import NoAnswer, NotConnected

Trouble = Literal["", "down", "silent"]


class Plc:
    """Registers over a `Mechanics`. Also usable without a wire, as `drivers.nest.registers.Registers`."""

    def __init__(self, profile: NestProfile, mechanics: Mechanics) -> None:
        self.profile = profile
        self.mechanics = mechanics
        self.trouble: Trouble = ""
        self.writes: list[tuple[int, tuple[int, ...]]] = []
        self._image: dict[tuple[str, int], int] = {}
        self._verb = ""
        self._sequence = 0
        self.lay_out()

    def step(self, dt: float) -> None:
        """Let `dt` seconds pass in the machinery and show it in the registers."""
        self.mechanics.step(dt)
        if not self.mechanics.broken.program_hung:
            self._answer()
            self.lay_out()

    def lay_out(self) -> None:
        """Put every point where the profile has it."""
        values = self.mechanics.switches()
        for name, point in self.profile.points.items():
            self._put(point, values[name])

    def _put(self, point: NestPoint, value: float) -> None:
        key = (point.table, point.at)
        if point.flag:
            on = bool(value) ^ point.inverted
            if point.bit is None:
                self._image[key] = int(on)
            else:
                word = self._image.get(key, 0)
                self._image[key] = word | 1 << point.bit if on else word & ~(1 << point.bit)
        elif math.isnan(value):
            self._image[key] = point.invalid[0] if point.invalid else 0
        else:
            self._image[key] = round(value / point.scale) & 0xFFFF

    def get(self, table: str, address: int, count: int) -> list[int]:
        """What stands there; 0 where the profile has nothing."""
        return [self._image.get((table, address + i), 0) for i in range(count)]

    def put(self, address: int, values: Sequence[int]) -> None:
        """A write from the agent."""
        self.writes.append((address, tuple(values)))
        broken = self.mechanics.broken
        if address == self.profile.alive_register:
            self.mechanics.alive_s = 0.0
            return
        if broken.program_hung:
            return
        commands = self.profile.commands
        if address != commands.register_at:
            return
        if broken.lose_commands > 0:
            broken.lose_commands -= 1
            return
        verb = next((v.value for v, word in commands.verbs.items() if word.code == values[0]), "")
        self._verb = verb
        if isinstance(commands, DoneWord):
            self._image["holding", address] = values[0]
        else:
            self._sequence = values[1]
            self._image["holding", commands.answer_register] = values[1]
            self._image["holding", commands.answer_register + 1] = commands.running
        if verb and not broken.ignore_commands:
            self.mechanics.stopped = ""
            self.mechanics.tell(verb)
        if broken.says_done_at_once:
            self._say(True)

    def _answer(self) -> None:
        if not self._verb or self.mechanics.broken.ignore_commands:
            return
        reached = self.mechanics.reached(self._verb)
        if reached is not False:
            self._say(bool(reached))

    def _say(self, done: bool) -> None:
        commands, verb = self.profile.commands, self._verb
        if isinstance(commands, DoneWord):
            told = next(word for v, word in commands.verbs.items() if v.value == verb)
            answer = told.done if done else told.failed
            if answer is not None:
                self._image["holding", commands.register_at] = answer
        else:
            self._image["holding", commands.answer_register + 1] = commands.done if done else commands.failed
        self._verb = ""

    # -- without a wire
    async def read(self, table: str, address: int, count: int) -> list[int]:
        """As over Modbus, with the trouble a test asked for."""
        self._weather()
        return self.get(table, address, count)

    async def write(self, address: int, values: Sequence[int]) -> None:
        """As over Modbus."""
        self._weather()
        self.put(address, values)

    def _weather(self) -> None:
        if self.trouble == "down":
            raise NotConnected("modbus.unplugged", port="memory")
        if self.trouble == "silent":
            raise NoAnswer("modbus.unit_is_silent")
