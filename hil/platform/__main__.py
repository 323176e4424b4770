"""`python -m hil.platform --port 1883 --store received.db`: the stand-in as a process of its own, until SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

import orjson

from hil.platform import Receiver, Store

ASKS_EVERY_S = 60.0
"""For what is missing."""


def main() -> int:
    """Receive until SIGTERM or SIGINT, then print the account as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m hil.platform", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True, help="SQLite file; what is in it already stays")
    parser.add_argument("--prefix", default="hydronest")
    parser.add_argument("--protocol", choices=("5", "3.1.1"), default="5")
    parser.add_argument("--tls", type=Path, help="folder with ca.pem, platform.pem and platform.key")
    parser.add_argument("--no-acknowledge", action="store_true", help='send no acknowledgements (confirm = "broker")')
    told = parser.parse_args()
    store = Store(told.store)
    receiver = Receiver(
        store,
        told.port,
        told.host,
        told.prefix,
        acknowledge=not told.no_acknowledge,
        protocol=told.protocol,
        tls=told.tls,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    receiver.start()
    while not ended.wait(ASKS_EVERY_S):
        for gateway in store.gateways():
            receiver.ask(gateway)
    receiver.stop()
    account = store.account()
    store.close()
    counts = {name: getattr(account, name) for name in ("messages", "readings", "events", "repeats")}
    sys.stdout.write(orjson.dumps(counts).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
