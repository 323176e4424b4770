"""A BeiDou terminal: its card, its rest between two messages, its sentences, its sky that may lose what it sends.

Written from what terminals of the two command sets say on the wire, with their noise: satellite strengths, times, and
sentences cut off by a restart. It reads the digits of what it is told to send and never our own codec.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor


def sentence(body: str) -> bytes:
    """With its check and end."""
    return f"${body}*{reduce(xor, body.encode(), 0):02X}\r\n".encode()


@dataclass
class BeidouTerminal:
    """`hear` what comes over its wire, `say` is how it answers. `now` counts seconds.

    `sky` holds what came through, as (receiver's card, hexadecimal digits without A4); `lost` of 1 messages do not.
    """

    generation: int
    say: Callable[[bytes], None]
    now: Callable[[], float]
    card: str = "4207733"
    rest_s: int = 60
    lost: float = 0.0
    refuses: str = ""
    """Its number for why it sends nothing."""
    silent: bool = False
    deaf_to_sending: bool = False
    sky: list[tuple[str, str]] = field(default_factory=list)
    said_to_send: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    _heard: bytes = b""
    _free_at: float = float("-inf")

    def hear(self, data: bytes) -> None:
        """Bytes from the agent."""
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            body, _, check = line.strip().decode().removeprefix("$").partition("*")
            if self.silent or f"{reduce(xor, body.encode(), 0):02X}" != check:
                continue
            self.chatter()
            name, *fields = body.split(",")
            if name == ("CCICA" if self.generation == 2 else "CCICR"):
                self.say(sentence(self._card_answer()))
            elif name == ("CCTXA" if self.generation == 2 else "CCTCQ"):
                self._send(fields[0], fields[3 if self.generation == 2 else 4])

    def chatter(self) -> None:
        """What such terminals say all the time."""
        self.say(b"$BDPWI,0000" + sentence("GNZDA,020202.00,01,12,2026,00,00") + sentence("BDBSI,04,01,0,3,4,0,2"))

    def _card_answer(self) -> str:
        if self.generation == 2:
            return f"BDICI,{self.card},00242286,0000011,6,{self.rest_s},3,N,0"
        return f"BDICP,{self.card},0,0,3,0,N,2,N,1,0,0,3,1,{self.rest_s},2,0,0,0,0,21,0,0,0"

    def _send(self, to: str, data: str) -> None:
        self.said_to_send += 1
        if self.deaf_to_sending:
            return
        left_s = max(0.0, self._free_at - self.now())
        why = self.refuses or ("1" if left_s else "0")
        if why == "0":
            self._free_at = self.now() + self.rest_s
            if self.dice.random() >= self.lost:
                self.sky.append((to, data.removeprefix("A4")))
        done = "Y" if why == "0" else "N"
        left = int(-(-left_s // 1)) if not self.refuses else 0
        if self.generation == 2:
            self.say(sentence(f"BDFKI,TXA,{done},{'N' if left else 'Y'},{self.refuses or 0},{left:04d}"))
        else:
            self.say(sentence(f"BDFKI,080432,TCQ,{done},{why},{left}"))
