"""What every test is held to: no task, thread, socket or child process may outlive it."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
import pytest_asyncio

from agent.cli import words
from hil.patience import slowness
from hil.processes import command, family, lives
from tests.waiting import Stuck, soon

# A deadline would be an assertion on wall time.
hypothesis.settings.register_profile("hydronest", deadline=None, print_blob=True)
hypothesis.settings.load_profile("hydronest")

SENDERS = ("agent.uplinks.mqtt", "hil.platform.receiver")
LAST_NET = 3.0
"""A test's time-out, so many times, is what it may take in all: what waits inside it gives up long before, by name."""
PR_SET_CHILD_SUBREAPER = 36


def pytest_configure() -> None:
    """A shell makes what it runs in the background deaf to Ctrl-C, and what that starts too.

    What a killed child leaves behind becomes ours, so that it is found.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it again after each test would be half of the suite's time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """So does what a file's tests loaded and left."""
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_report_header() -> str:
    """How slow this machine is now."""
    return f"machine: limits stretched {slowness():.1f} times to begin with"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Stretch the test's time-out by how slow the machine is as it begins."""
    told = item.get_closest_marker("timeout")
    seconds = told.args[0] if told else item.config.getoption("timeout") or item.config.getini("timeout")
    item.add_marker(pytest.mark.timeout(float(seconds) * LAST_NET * slowness()), append=False)
    yield


@pytest_asyncio.fixture(autouse=True)
async def _no_leaked_task(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail a coroutine test that leaves a task of its loop running."""
    yield
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if left:
        pytest.fail("leaked tasks: " + "; ".join(repr(task) for task in left))


@pytest.fixture(autouse=True)
def _by_the_contract() -> Iterator[None]:
    """Fail a test in which a gateway sends what its contract does not allow."""
    if not any(name in sys.modules for name in SENDERS):
        yield
        return
    from tests.contract import watch, wrong

    watch()
    wrong.clear()
    yield
    assert wrong == []


@pytest.fixture(autouse=True)
def _no_leaked_resource() -> Iterator[None]:
    """An unclosed socket, file or loop, a coroutine nobody awaited and a blocked signal are this test's failure."""
    before, blocked = set(threading.enumerate()), signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    if (now := signal.pthread_sigmask(signal.SIG_SETMASK, blocked)) != blocked:
        pytest.fail(f"left blocked, for whoever is tested next: {now - blocked}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()

    def left() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t not in before and not t.daemon and t.is_alive()]

    with contextlib.suppress(Stuck):  # one that was told to end may take a moment
        soon("no thread is left", lambda: not left(), 2.0)
    if left():
        pytest.fail(f"leaked threads: {left()}")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Whatever language a test before this one chose."""
    words.use("en")
    yield
    words.use("en")


@pytest.fixture(autouse=True)
def _no_leaked_process() -> Iterator[None]:
    """Fail a test that leaves a program running, its own or one that a program of its own had started."""
    before = set(family(os.getpid()))
    yield
    try:
        soon("no child process is left", lambda: not _running(before), 2.0)
    except Stuck:
        left = {pid: command(pid) for pid in _running(before)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        soon("they are gone", lambda: not _running(before))
        pytest.fail(f"leaked processes: {left}")


def _running(before: set[int]) -> set[int]:
    """Ours that were not there before and have not ended; those that have ended are laid to rest."""
    new = set(family(os.getpid())) - before
    running = {pid for pid in new if lives(pid)}
    for pid in new - running:
        with contextlib.suppress(ChildProcessError):  # not ours: whoever started it still runs
            os.waitpid(pid, os.WNOHANG)
    return running
