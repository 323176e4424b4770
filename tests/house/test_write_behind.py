"""The thread that waits for the card: in order, off the loop, bounded, and never in anybody's way."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.durable import append_line
from agent.runtime.write_behind import TooMuchWaits, WriteBehind
from protocols.reason import Reason
from tests.waiting import scaled


@contextmanager
def hanging(writer: WriteBehind) -> Iterator[Callable[[], None]]:
    """Its card hangs until what this gives is called, or the block ends."""
    back = threading.Event()
    writer.later(lambda: (back.wait(20), None)[1])
    try:
        yield back.set
    finally:
        back.set()


def until_idle(writer: WriteBehind) -> None:
    while writer.behind_s:
        time.sleep(0.01)


async def test_calls_are_made_in_the_order_they_came() -> None:
    writer, made = WriteBehind(), list[int]()
    for number in range(100):
        writer.later(lambda number=number: made.append(number))  # type: ignore[misc]  # mypy sees no default
    await writer.done(lambda: made.append(100))
    assert made == list(range(101))
    assert writer.behind_s == 0


async def test_the_loop_turns_while_the_card_hangs() -> None:
    writer = WriteBehind()
    with hanging(writer) as back:
        waiting = writer.done(lambda: None)
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not waiting.done()
        assert writer.behind_s > 0.05
        back()
        await waiting


async def test_a_wait_that_is_given_up_leaves_its_write_in_its_turn() -> None:
    writer, made = WriteBehind(), list[str]()
    with hanging(writer) as back:
        waiting = writer.done(lambda: made.append("first"))
        waiting.cancel()
        back()
        await writer.done(lambda: made.append("second"))
    assert made == ["first", "second"]


async def test_trouble_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    writer = WriteBehind()

    def full() -> None:
        raise OSError(28, "No space left on device")

    def bug() -> None:
        raise KeyError("unit")

    for call in (full, full, bug):
        writer.later(call)
    with pytest.raises(OSError, match="No space"):
        await writer.done(full)
    assert writer.trouble == Reason("errno.ENOSPC")
    assert [record.message for record in caplog.records] == [
        "the card takes nothing: [Errno 28] No space left on device",
        "a write failed",
    ]
    await writer.done(lambda: None)
    assert writer.trouble is None


async def test_what_waits_is_bounded_and_what_is_lost_is_counted() -> None:
    writer, made = WriteBehind(most=3), list[int]()
    with hanging(writer) as back:
        taken = [writer.later(lambda: made.append(1)) for _ in range(5)]
        with pytest.raises(TooMuchWaits):
            await writer.done(lambda: None)
        assert (taken, writer.lost) == ([True, True, False, False, False], 4)
        back()
        await asyncio.to_thread(until_idle, writer)
    assert made == [1, 1]


async def test_lines_wait_for_a_dead_card_and_then_all_come_in_order(tmp_path: Path) -> None:
    writer, path, dead = WriteBehind(), tmp_path / "log", True

    def card(path: Path, line: str, *, sync: bool) -> None:
        if dead:
            raise OSError(30, "Read-only file system")
        append_line(path, line, sync=sync)

    with patch("agent.runtime.buffered_appender.append_line", card):
        appender = BufferedAppender(path, writer, most=5)
        assert [appender.add(str(number)) for number in range(7)] == [True] * 5 + [False] * 2
        await writer.done(lambda: None)
        assert (appender.trouble, appender.lost, appender.full) == (Reason("errno.EROFS"), 2, True)
        dead = False
        appender.ask()
        await writer.done(lambda: None)
        assert (appender.trouble, appender.full) == (None, False)
        appender.add("8")
        await writer.done(lambda: None)
    assert path.read_text().split() == ["0", "1", "2", "3", "4", "8"]


async def test_a_thousand_lines_wait_for_a_slow_card_as_one_call(tmp_path: Path) -> None:
    writer = WriteBehind(most=3)
    appender = BufferedAppender(tmp_path / "log", writer)
    with hanging(writer) as back:
        assert all(appender.add(str(number)) for number in range(1000))
        back()
        await writer.done(lambda: None)
    assert (tmp_path / "log").read_text().split() == [str(number) for number in range(1000)]


def test_a_hanging_card_does_not_keep_the_process_from_ending() -> None:
    program = (
        "import asyncio, time\nfrom agent.runtime.write_behind import WriteBehind\n"
        "async def live():\n    WriteBehind().later(lambda: time.sleep(600))\nasyncio.run(live())"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=scaled(60), check=False).returncode == 0
