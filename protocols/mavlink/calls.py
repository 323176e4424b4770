"""Threads for mavsdk's blocking calls, which use the loop's default executor and nothing else.

A call under way when the link is lost stands still until the link comes back, and for ever if mavsdk is destroyed
meanwhile. A pool would fill up with such calls and hold up the end of the process; these threads do neither.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CallThreads(ThreadPoolExecutor):
    """One daemon thread a call. asyncio takes nothing but a ThreadPoolExecutor, so it is one by name."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start it at once."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=call, name="mavsdk call", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is waited for: a call that stands still would never end."""
        del wait, cancel_futures
