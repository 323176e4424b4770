"""Threads for mavsdk's blocking calls, which use the loop's default executor and nothing else.

A call under way when the link is lost stands still until the link comes back, and for ever if mavsdk is destroyed
meanwhile. A pool would fill up with such calls and hold up the end of the process; these threads do neither.

A call that is being carried out while mavsdk is destroyed ends the process (a segmentation fault, seen with
`send_message`): whoever destroys it lets the calls end first, as far as they do. A plugin that a call was the last to
hold is destroyed by its thread; beside mavsdk's own end that ended the process too (an abort, seen once).
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CallThreads(ThreadPoolExecutor):
    """One daemon thread a call. asyncio takes nothing but a ThreadPoolExecutor, so it is one by name."""

    def __init__(self) -> None:
        super().__init__()
        self._running = 0
        self._changed = threading.Condition()

    def settle(self, within_s: float) -> bool:
        """Wait until no call is under way; False where one stands still. Blocks: never for the loop's thread."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, within_s)

    @property
    def idle(self) -> bool:
        """No call is under way."""
        return not self._running

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start it at once."""
        future: Future[T] = Future()
        held: list[tuple[Future[T], Callable[[], T]]] = [(future, partial(fn, *args, **kwargs))]

        def call() -> None:
            try:
                if held[0][0].set_running_or_notify_cancel():
                    held[0][0].set_result(held[0][1]())
            except BaseException as error:
                held[0][0].set_exception(error)
            finally:
                held.clear()  # where that was the last of a plugin of mavsdk, it is destroyed within the call
                self._counted(-1)

        self._counted(1)
        threading.Thread(target=call, name="mavsdk call", daemon=True).start()
        return future

    def _counted(self, more: int) -> None:
        with self._changed:
            self._running += more
            self._changed.notify_all()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is waited for: a call that stands still would never end."""
        del wait, cancel_futures
