"""Finding out what a device answers for, by bisecting what it refuses. Pure: says what to ask, is told what came."""

from collections.abc import Generator
from typing import NamedTuple

Asked = tuple[int, int]
"""First address, how many."""

Told = list[int] | None
"""The words (or bits), or None: refused."""


class Stretch(NamedTuple):
    """Addresses a device answers for together, and what stood there."""

    first: int
    words: list[int]

    @property
    def last(self) -> int:
        """The last address, included."""
        return self.first + len(self.words) - 1


def survey(first: int, last: int, most: int) -> Generator[Asked, Told, list[Stretch]]:
    """Ask for `first` to `last`, at most `most` at once, halving what is refused. Returns what is answered, joined."""
    found: list[Stretch] = []
    todo = [(at, min(most, last + 1 - at)) for at in range(first, last + 1, most)][::-1]
    while todo:
        at, count = todo.pop()
        words = yield at, count
        if words is not None:
            if found and found[-1].last + 1 == at:
                found[-1] = Stretch(found[-1].first, found[-1].words + words)
            else:
                found.append(Stretch(at, words))
        elif count > 1:
            half = count // 2
            todo += [(at + half, count - half), (at, half)]
    return found
