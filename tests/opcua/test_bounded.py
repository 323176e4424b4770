"""What a hostile server sends: announced as 4 GB, dribbled, without end. It is hung up on, and costs no memory."""

import asyncio
import resource
import struct
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import WireError
from protocols.opcua.bounded import LARGEST_CHUNK, LARGEST_MESSAGE, Bounded
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import errors
from protocols.opcua.session import Session
from tests.waiting import patient, scaled


class Inner:
    """The library's side."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.lost: list[Exception | None] = []
        self.transport = self
        self.aborted = 0

    def data_received(self, data: bytes) -> None:
        self.got.append(data)

    def connection_lost(self, why: Exception | None) -> None:
        self.lost.append(why)

    def abort(self) -> None:
        self.aborted += 1


def chunk(body: bytes, kind: bytes = b"MSGF") -> bytes:
    return kind + struct.pack("<I", 8 + len(body)) + body


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6), st.lists(st.integers(1, 400), max_size=30))
def test_whole_chunks_pass_as_they_are_however_they_come(bodies: list[bytes], cuts: list[int]) -> None:
    inner = Inner()
    bounded = Bounded(inner)
    sent = b"".join(chunk(body) for body in bodies)
    at = 0
    for size in cuts:
        bounded.data_received(sent[at : at + size])
        at += size
        ends = [len(got) for got in inner.got]
        assert all(ends), "never a piece of nothing"
    bounded.data_received(sent[at:])
    assert b"".join(inner.got) == sent
    assert inner.aborted == 0


@given(st.lists(st.binary(min_size=1, max_size=64), max_size=20))
def test_any_bytes_are_kept_within_a_chunk_or_hung_up_on(pieces: list[bytes]) -> None:
    inner = Inner()
    bounded = Bounded(inner)
    for piece in pieces:
        bounded.data_received(piece)
        assert len(bounded._pending) <= LARGEST_CHUNK
    assert inner.aborted <= 1


@pytest.mark.parametrize("size", [0, 7, LARGEST_CHUNK + 1, 2**32 - 1])
def test_a_chunk_of_no_size_and_one_too_large_are_hung_up_on_with_a_reason(size: int) -> None:
    inner = Inner()
    bounded = Bounded(inner)
    bounded.data_received(chunk(b"before"))
    bounded.data_received(b"MSGF" + struct.pack("<I", size) + b"x" * 100)
    bounded.data_received(b"x" * 100)
    bounded.connection_lost(None)
    assert (inner.got, inner.aborted) == ([chunk(b"before")], 1)
    (why,) = inner.lost
    assert isinstance(why, errors.BadTcpMessageTooLarge)


def test_a_message_of_chunks_without_end_is_hung_up_on_and_a_finished_one_counts_no_longer() -> None:
    inner = Inner()
    bounded = Bounded(inner)
    piece = chunk(bytes(LARGEST_CHUNK - 8), b"MSGC")
    for _ in range(2):
        for _ in range(LARGEST_MESSAGE // LARGEST_CHUNK - 1):
            bounded.data_received(piece)
        bounded.data_received(chunk(b"end"))
    assert inner.aborted == 0
    for _ in range(LARGEST_MESSAGE // LARGEST_CHUNK + 1):
        bounded.data_received(piece)
    assert inner.aborted == 1


def test_a_chunk_in_single_bytes_costs_its_own_length() -> None:
    inner = Inner()
    bounded = Bounded(inner)
    sent = chunk(bytes(200_000))
    began = time.process_time()
    for at in range(len(sent)):
        bounded.data_received(sent[at : at + 1])
    assert inner.got == [sent]
    assert time.process_time() - began < scaled(2.0)


@pytest.mark.parametrize("answer", [b"ACKF" + struct.pack("<I", 2**32 - 1), b"ACKF" + struct.pack("<I", 0)])
async def test_a_real_session_gives_such_a_server_up_at_once(answer: bytes) -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.read(100)  # Hello
        writer.write(answer)
        try:
            while True:
                writer.write(bytes(1 << 16))
                sent += 1 << 16
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    session: Any = Session(Endpoint(f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}/", timeout_s=scaled(20)))
    async with patient("it is given up", progress=lambda: None):
        with pytest.raises(WireError, match=r"BadTcpMessageTooLarge|too large"):
            await session.open()
    server.close()
    assert sent < 64 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000
