"""A gateway of journal and forwarder alone, as a process to be killed: `python -m tests.uplinks.sender FOLDER PORT`.

Reading number k is written to FOLDER/offered before it is offered, and to FOLDER/durable once it is committed;
FOLDER/starts has the first number of each start.
SIGUSR1: read nothing more, deliver everything, end. SIGTERM: end now, in good order.
"""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from agent.journal.journal import Journal, JournalPlan
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from protocols.mqtt import Link

GATEWAY = "gw-whole"
SHAPE = Layout("test/counter", ("count", "twice"), ("1", "1"))
EVENT_EVERY = 20
COMMIT_S = 0.05


def newest(path: Path) -> int:
    """The number in the last whole line of a log, 0 for none."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return int(lines[-1]) if lines else 0


async def read(journal: Journal, folder: Path) -> None:
    """One reading each 5 ms, an event with each twentieth."""
    number = newest(folder / "offered")
    with (folder / "starts").open("a") as starts:
        starts.write(f"{number + 1}\n")
    with (folder / "offered").open("a", buffering=1) as offered:
        while True:
            number += 1
            offered.write(f"{number}\n")
            journal.offer_sample(Sample("h1", SHAPE, boottime_ns(), (number, number * 2), SHAPE.good))
            if number % EVENT_EVERY == 0:
                evidence = {"value": number}
                journal.offer_event(
                    Event(EventKind.PRESSURE_LOW, "h1", Severity.ALARM, Transition.RAISED, boottime_ns(), evidence)
                )
            await asyncio.sleep(0.005)


async def note_durable(journal: Journal, folder: Path) -> None:
    """Keep the second log: everything offered before the commit began is in it when it ends."""
    with (folder / "durable").open("a", buffering=1) as durable:
        while True:
            upto = newest(folder / "offered")
            await journal.durable()
            durable.write(f"{upto}\n")


async def main(folder: Path, port: int, confirm: str) -> None:
    """Run until told to end."""
    finish, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, finish.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    journal = await Journal.open(JournalPlan(folder / "journal.db", commit_s=COMMIT_S), {"u": "newest_first"})
    link = Link("127.0.0.1", GATEWAY, port, answer_s=2.0, keepalive_s=2)
    by_broker = confirm == "broker"
    uplink = MqttUplink("u", GATEWAY, journal.boot, link, confirm="broker" if by_broker else "platform", confirm_s=2.0)
    pace = Pace(longest_rest_s=0.5)
    forwarder = Forwarder(GATEWAY, uplink, journal.outbox("u"), journal.offer_event, pace)
    keeping = asyncio.create_task(journal.run())
    sending = asyncio.create_task(forwarder.run())
    reading = asyncio.create_task(read(journal, folder))
    noting = asyncio.create_task(note_durable(journal, folder))
    ends = [asyncio.create_task(finish.wait()), asyncio.create_task(stop.wait())]
    await asyncio.wait([*ends, keeping, sending], return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    if finish.is_set():
        await journal.durable()
        await journal.outbox("u").drained()
    for task in (noting, sending, keeping, *ends):
        task.cancel()
    for task in (reading, noting, sending, keeping, *ends):
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await journal.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
