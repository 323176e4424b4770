"""What a report is asked for and works with, and which code answers which name."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from agent.reports.answer import Progress
from agent.reports.remote_records import RemoteRecords

WORK = {
    "alarm.kpi": "agent.reports.alarm_kpi",
    "coverage": "agent.reports.coverage.report",
    "evidence.export": "agent.reports.evidence.report",
    "journal.export": "agent.reports.journal",
    "journal.history": "agent.reports.journal",
    "journal.verify": "agent.reports.journal",
    "network.import": "agent.reports.network.report",
    "network.work": "agent.reports.network.report",
    "rate.over": "agent.reports.rate",
    "risk": "agent.reports.risk",
}
"""Name → the module whose `answers` has it: a generator of the values that are the answer. Imported when asked for."""


AskCore = Callable[..., Any]
"""Asks core something else, from the thread that works: a name and what goes with it. May raise RequestError."""


class Job(NamedTuple):
    """`args` are the client's, unchecked but for what core looked at; `inputs` core's own, as plain data; `ask` is None
    where core is not there to be asked.
    """

    name: str
    args: Mapping[str, Any]
    inputs: Mapping[str, Any]
    records: RemoteRecords
    progress: Progress
    ask: AskCore | None = None


def work_of(job: Job) -> Iterator[Any]:
    """The values that answer it, each worked out when it is asked for. They raise RequestError for a no."""
    answers: dict[str, Any] = import_module(WORK[job.name]).ANSWERS
    values: Iterator[Any] = answers[job.name](job)
    return values
