"""What a line asks of the wire under it, and what the wire tells the line."""

from typing import Protocol

from protocols.reason import Reason


class PortOwner(Protocol):
    """What a port tells its owner."""

    def received(self, data: bytes) -> None:
        """Bytes from the wire."""

    def lost(self, reason: Reason, *, orderly: bool = False) -> None:
        """The wire is gone; told once. `orderly`: the far end hung up as one does who has nothing more to say."""


class Port(Protocol):
    """A wire that can be opened again and again."""

    async def open(self, owner: PortOwner) -> None:
        """Open it or raise NotConnected saying what to do about it."""

    def send(self, data: bytes, quiet_ns: int = 0) -> None:
        """Send a frame; trouble is told by `lost`. Nothing worth waking up for comes within `quiet_ns`."""

    def close(self) -> None:
        """Close it; safe to repeat. Nothing is told after that."""
