"""`journal.verify|export|history` as reports. Without an agent the command does the same on the closed file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.journal.flat import flat, series
from agent.journal.reader import Reader
from agent.link.record import PriorityClass
from agent.reports.job import Job

Reach = Callable[[int, int], None]


def verify(reader: Reader, _args: Mapping[str, Any], reach: Reach) -> Iterator[dict[str, Any]]:
    """The verdict."""
    for told in reader.verify():
        reach(told["records"], told["of"])
        if told["done"]:
            yield told


def export(reader: Reader, args: Mapping[str, Any], reach: Reach) -> Iterator[dict[str, Any]]:
    """Lane by lane {"lane", "damaged", "rows": [flat objects]}."""
    priority = PriorityClass[str(args.get("lane", "telemetry")).upper()]
    records = 0
    for part in flat(reader, priority, int(args.get("since_ms", 0))):
        records += part["records"]
        reach(records, max(records, part["of"]))
        yield {"lane": part["lane"], "damaged": part["damaged"], "rows": part["rows"]}


def history(reader: Reader, args: Mapping[str, Any], reach: Reach) -> Iterator[list[list[Any]]]:
    """Lists of [UTC ms, value, quality], oldest first."""
    of = reader.account()[PriorityClass.TELEMETRY].rows
    for looked, piece in series(reader, args["device"], args["point"], int(args.get("since_ms", 0))):
        reach(looked, max(looked, of))
        if piece:
            yield piece


LOOKS: dict[str, Callable[[Reader, Mapping[str, Any], Reach], Iterator[Any]]] = {
    "journal.verify": verify,
    "journal.export": export,
    "journal.history": history,
}


def answers(job: Job) -> Iterator[Any]:
    """Any of them. Rows are verified as they are stored; to be read they come without a seal."""
    reader = job.records.reader(opened=job.name != "journal.verify")
    yield from LOOKS[job.name](reader, job.args, job.progress.reach)


ANSWERS = dict.fromkeys(LOOKS, answers)
