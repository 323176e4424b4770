"""What supervisor and child say: whole, with descriptors; whatever else comes is an end, and leaks nothing."""

import os
import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent.runtime.control_wire import Message, Say, pair, receive, send


@given(
    st.sampled_from(Say), st.text("abcdefgh", max_size=15), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)
)
def test_a_message_arrives_as_it_was(say: Say, name: str, number: int, value: float) -> None:
    ours, its = pair()
    with ours, its:
        assert send(ours, Message(say, name, number, value))
        assert receive(its) == Message(say, name, number, value)
        assert receive(its) is None


def test_descriptors_come_along() -> None:
    ours, its = pair()
    with ours, its:
        one, other = socket.socketpair()
        assert send(ours, Message(Say.CHANNEL, "core"), [one.fileno()])
        one.close()
        message = receive(its)
        assert message is not None
        (descriptor,) = message.descriptors
        with socket.socket(fileno=descriptor) as passed, other:
            passed.send(b"hello")
            assert other.recv(10) == b"hello"


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_message_or_an_end(data: bytes) -> None:
    ours, its = pair()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ours, its:
        ours.sendmsg([data or b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, its.fileno().to_bytes(4, "little"))])
        try:
            message = receive(its)
        except EOFError:
            pass
        else:
            assert message is not None
            for descriptor in message.descriptors:
                os.close(descriptor)
        assert len(list(Path("/proc/self/fd").iterdir())) == before, "no descriptor is left open"


def test_the_end_of_the_other_is_an_end() -> None:
    ours, its = pair()
    ours.close()
    with its:
        try:
            receive(its)
        except EOFError as end:
            assert "gone" in str(end)
        else:
            raise AssertionError("it did not end")
        assert not send(its, Message(Say.BEAT))
