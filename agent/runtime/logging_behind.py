"""Log lines leave by a thread of their own: a journal daemon that hangs with the card holds up no loop."""

import contextlib
import logging
import queue
from collections.abc import Iterator
from logging.handlers import QueueHandler, QueueListener

MOST = 10_000


class _Handler(QueueHandler):
    """Never waits: what finds the queue full is counted, and told with the next line that goes."""

    lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Take one line."""
        try:
            if self.lost:
                record.msg, self.lost = f"({self.lost} lines before this one were lost) {record.msg}", 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.lost += 1


@contextlib.contextmanager
def logging_behind() -> Iterator[None]:
    """What the root logger's handlers do, they do behind us for as long as the block lasts."""
    root = logging.getLogger()
    behind = list(root.handlers)
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MOST)
    listener = QueueListener(lines, *behind, respect_handler_level=True)
    listener.start()
    root.handlers[:] = [_Handler(lines)]
    try:
        yield
    finally:
        root.handlers[:] = behind
        if lines.empty():  # else it may hang, and we are not to wait for it
            listener.stop()
