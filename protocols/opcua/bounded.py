"""What a server may send at once: a chunk is let in when it is here whole, and none that is announced too large.

The library takes what a chunk's head says, up to 4 GB, and puts what came together anew with each piece; it joins
any number of chunks to one message. Here both have bounds, and pieces cost their own length.
"""

import asyncio
from typing import Any, Final

from protocols.opcua.library import Client, errors

LARGEST_CHUNK: Final = 1 << 20
"""Bytes. We say in our Hello that we take 65,535 (OPC 10000-6, 7.1.2.3); some servers send more all the same."""
LARGEST_MESSAGE: Final = 64 << 20
"""Bytes of all chunks of one message: a call is cut so that its answer has a hundredth of it."""
_HEAD: Final = 8
"""Type, whether more follows, and the size: what every chunk begins with."""


class Bounded(asyncio.Protocol):
    """Stands between the transport and the library's own protocol."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._pending = bytearray()
        self._message = 0
        self._why: Exception | None = None

    def data_received(self, data: bytes) -> None:
        """Hand on what is whole; keep the rest, which is less than a chunk."""
        if self._why is not None:
            return
        pending = self._pending
        pending += data
        at = 0
        while len(pending) - at >= _HEAD:
            size = int.from_bytes(pending[at + 4 : at + _HEAD], "little")
            more = pending[at + 3 : at + 4] == b"C"
            if not _HEAD <= size <= LARGEST_CHUNK or self._message + size > LARGEST_MESSAGE:
                self._refuse()
                return
            if len(pending) - at < size:
                break
            self._message = self._message + size if more else 0
            at += size
        if at:
            whole = bytes(pending[:at])
            del pending[:at]
            self._inner.data_received(whole)

    def _refuse(self) -> None:
        self._why = errors.BadTcpMessageTooLarge()
        self._pending.clear()
        self._inner.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """With our own reason, where we hung up."""
        self._inner.connection_lost(self._why or exc)

    def eof_received(self) -> Any:
        """As the library's."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """As the library's."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """As the library's."""
        self._inner.resume_writing()


class BoundedClient(Client):  # type: ignore[misc] # untyped, see library
    """asyncua's, every connection of which is bounded."""

    async def connect_socket(self) -> None:
        """As the library's."""
        await super().connect_socket()
        protocol = self.uaclient.protocol
        protocol.transport.set_protocol(Bounded(protocol))
