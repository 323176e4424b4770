"""What cuts a device's power or a line's wire: a relay, or the simulation itself."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from hil.wire.pty_wire import PtyWire


class Switch(ABC):
    """`off` cuts, `on` gives back; both have happened when they return. `cut` is true between the two."""

    def __init__(self) -> None:
        self.cut = False

    def off(self) -> None:
        """Cut it."""
        self._turn(False)
        self.cut = True

    def on(self) -> None:
        """Give it back, cut or not."""
        self._turn(True)
        self.cut = False

    @contextlib.contextmanager
    def off_while(self) -> Iterator[None]:
        """Cut for a `with` block, whatever happens in it."""
        self.off()
        try:
            yield
        finally:
            self.on()

    @abstractmethod
    def _turn(self, on: bool) -> None:
        """Do it. Raises WireError where that cannot be made sure of."""


class RelaySwitch(Switch):
    """A relay: `turn` moves its coil and reads it back."""

    def __init__(self, turn: Callable[[bool], None]) -> None:
        super().__init__()
        self._turn_it = turn

    def _turn(self, on: bool) -> None:
        self._turn_it(on)


class SimulatedWire(Switch):
    """The pair of a simulated line."""

    def __init__(self, wire: PtyWire) -> None:
        super().__init__()
        self._wire = wire

    def _turn(self, on: bool) -> None:
        self._wire.pair.cut = not on
