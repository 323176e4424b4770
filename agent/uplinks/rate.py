"""How much a bearer carries, as the confirmations show: no single message is to hold up an alarm for long."""

import math

PART_S = 2.5
"""So long a message may take on the bearer."""
LEAST_BYTES = 2048
"""Smaller parts would be mostly heads."""
MEASURED_BYTES = 1024
"""What is smaller says more of the way there and back than of the bearer."""


class Rate:
    """`took` for every confirmed message. `most_bytes`: what goes at once; without bound until it is known."""

    def __init__(self) -> None:
        self._bytes_per_s = math.inf

    @property
    def most_bytes(self) -> float:
        """Of one message."""
        return max(LEAST_BYTES, self._bytes_per_s * PART_S)

    def cuts(self, size: int) -> bool:
        """Whether a message of this size is to be cut: not for a few bytes more."""
        return size > 1.5 * self.most_bytes

    def took(self, size: int, seconds: float) -> None:
        """So many bytes were confirmed after that time, the way there and back and whatever went beside included."""
        if size < MEASURED_BYTES:
            return
        measured = size / max(seconds, 1e-6)
        before = self._bytes_per_s
        self._bytes_per_s = measured if math.isinf(before) else (before + measured) / 2
