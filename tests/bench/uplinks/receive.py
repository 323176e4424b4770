"""What keeping costs the far end: `python -m tests.bench.uplinks.receive`.

The one-row rule and the batching one (docs/platform-contract.md 1), each message with 100 readings, every tenth twice.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.uplinks.contract import Message
from hil.platform.postgres import PostgresStore
from hil.platform.store import Store
from hil.postgres import Postgres, postgres_bin
from tests.uplinks.conformance import GATEWAY
from tests.uplinks.memory import record

Came = list[tuple[dict[str, Any], bytes]]


def came(count: int, boot: str) -> Came:
    """So many messages as they come, parsed and raw."""
    raws = [Message(GATEWAY, record(seq, n=100, boot=boot)).encoded() for seq in range(1, count + 1)]
    twice = list(itertools.chain.from_iterable((raw, raw) if n % 10 == 0 else (raw,) for n, raw in enumerate(raws)))
    return [(json.loads(raw), raw) for raw in twice]


def a_second(take: Callable[[Came], object], messages: Came, at_once: int) -> float:
    """Messages a second, so many in a commit."""
    began = time.perf_counter()
    for first in range(0, len(messages), at_once):
        take(messages[first : first + at_once])
    return len(messages) / (time.perf_counter() - began)


def main() -> None:
    """A line each."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "received.db")
        for at_once, count in ((1, 500), (100, 3000), (1000, 5000)):
            print(f"SQLite, {at_once} a commit: {a_second(store.take, came(count, f's{at_once}'), at_once):,.0f}/s")
        store.close()
    if postgres_bin() is None:
        print("PostgreSQL is not installed")
        return
    server = Postgres()
    server.start()
    into = PostgresStore(server.about)
    for at_once, count in ((1, 500), (100, 5000), (1000, 10000)):
        print(f"PostgreSQL, {at_once} a commit: {a_second(into.take, came(count, f'p{at_once}'), at_once):,.0f}/s")
    into.close()
    server.stop()


if __name__ == "__main__":
    main()
