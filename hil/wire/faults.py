"""What can go wrong with one answer on a serial line."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Done to the next answer (of `unit`, or of anybody). Several kinds may be combined.

    `before`/`after`: bytes around it, such as a direction change's 00 or FF. `drop`: how many bytes get lost.
    `corrupt`: how many bytes get changed. `delay_s`: answered that much later. `pause_s`: a pause every few bytes.
    `again_s`: the answer comes a second time, that much after its end, as repeaters and converters have it.
    `instead`: what is said in its place, checksum and all.
    """

    unit: int | None = None
    before: bytes = b""
    after: bytes = b""
    drop: int = 0
    corrupt: int = 0
    delay_s: float = 0.0
    pause_s: float = 0.0
    again_s: float | None = None
    silent: bool = False
    instead: bytes | None = None

    def spoil(self, frame: bytes, chance: random.Random) -> bytes:
        """The frame as it arrives."""
        data = bytearray(frame if self.instead is None else self.instead)
        for _ in range(self.corrupt):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        for _ in range(min(self.drop, len(data) - 1)):
            del data[chance.randrange(len(data))]
        return self.before + bytes(data) + self.after
