"""Which watched values have no item that lives, and when each is to get another. Pure; times are loop seconds."""

from typing import Final

AGAIN_S: Final = 60.0  # a node that can be read and not watched, or whose item seemed dead, is tried again this often
_GONE: Final = frozenset({0x8034, 0x8033, 0x8035})  # BadNodeIdUnknown, BadNodeIdInvalid, BadAttributeIdInvalid


def gone(status: int) -> bool:
    """Whether this status says that no such node is there."""
    return status >> 16 in _GONE


class Mending:
    """A value is watched; or its node is `gone`, and looked for; or it is `polled`: there, and refused to be watched.

    A node that was deleted and made anew keeps a dead item in many servers: nothing tells of it, except that what is
    read differs from what was last notified. Such a value is suspected, and given a new item unless it is notified.
    """

    def __init__(self) -> None:
        self.gone: set[int] = set()
        self.polled: dict[int, float] = {}  # handle → when to try again
        self.suspects: dict[int, tuple[float, int, set[int]]] = {}  # → until when it may be notified; what `due` tells
        self._found: set[int] = set()
        self._rested: dict[int, float] = {}  # handle → not suspected before

    def created(self, handle: int, code: int, now: float) -> None:
        """What came of making its item: a status code, 0 for well."""
        self.gone.discard(handle)
        self._found.discard(handle)
        self.polled.pop(handle, None)
        self.suspects.pop(handle, None)
        if gone(code):
            self.gone.add(handle)
        elif code:
            self.polled[handle] = now + AGAIN_S

    def lost(self, handle: int) -> None:
        """Its node is not there."""
        self.gone.add(handle)
        self._found.discard(handle)
        self.polled.pop(handle, None)
        self.suspects.pop(handle, None)

    def found(self, handle: int) -> None:
        """It is there, and has no item yet."""
        self._found.add(handle)

    def differs(self, handle: int, now: float, patience_s: float, before: int, ticks: int) -> None:
        """It was read as something else than what was last notified; a living item would tell within `patience_s`.

        `before` is the source time had before that.
        """
        if self._rested.get(handle, 0.0) <= now:
            self.suspects.setdefault(handle, (now + patience_s, before, set()))[2].add(ticks)

    def due(self, now: float) -> dict[int, tuple[int, set[int]] | None]:
        """The handles to be given an item now; of suspects, from where on values are missing and which were read."""
        dead: dict[int, tuple[int, set[int]] | None] = {
            handle: (before, read) for handle, (until, before, read) in self.suspects.items() if until <= now
        }
        self._rested |= dict.fromkeys(dead, now + AGAIN_S)
        again = [handle for handle, at in self.polled.items() if at <= now]
        return dict.fromkeys([*sorted(self._found), *again]) | dead

    def waits(self, handle: int) -> bool:
        """Whether its next item is still to be made, as soon as its node is there."""
        return handle in self.gone or handle in self._found

    def has_item(self, handle: int) -> bool:
        """Whether the server watches it, as far as we know."""
        return not self.waits(handle) and handle not in self.polled
