"""What every test is held to: no task, thread, socket or child process may outlive it."""

import asyncio
import gc
import signal
import threading
import warnings
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
import pytest_asyncio

# A deadline would be an assertion on wall time.
hypothesis.settings.register_profile("hydronest", deadline=None, print_blob=True)
hypothesis.settings.load_profile("hydronest")


def pytest_configure() -> None:
    """A shell makes what it runs in the background deaf to Ctrl-C, and what that starts too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
def _no_leaked_resource() -> Iterator[None]:
    """Turn an unclosed socket, file or loop, and a coroutine nobody awaited, into this test's failure."""
    before = set(threading.enumerate())
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    left = [t for t in threading.enumerate() if t not in before and not t.daemon and t.is_alive()]
    if left:
        pytest.fail(f"leaked threads: {left}")
