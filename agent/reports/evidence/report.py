"""`evidence.export` as a report: writes a day's file below the state directory and says what became of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agent.control.request import RequestError
from agent.judge.facts import fact_from
from agent.judge.service.asset_register import FILE_NAME
from agent.judge.service.day_index import line_of
from agent.judge.service.fact_store import ABOUT_TELLING, MORE, RecordedFact
from agent.judge.service.files import LEDGER
from agent.reports.evidence.chain import Mark, Tampered
from agent.reports.evidence.committed import lines_of
from agent.reports.evidence.export import EvidenceInputs, NoSuchDay, export_day
from agent.reports.evidence.signed import Sign
from agent.reports.job import Job
from protocols.system import file_reason

FOLDER = "evidence"
AT_ONCE = 256
"""Marks that core signs between two looks at anything else: some milliseconds."""


def export(job: Job) -> Iterator[dict[str, Any]]:
    """What was written, once."""
    inputs, day = job.inputs, str(job.args["day"])
    state = Path(inputs["state_dir"])
    case = EvidenceInputs(
        inputs["gateway"],
        list(lines_of(state / LEDGER / FILE_NAME)),
        inputs["others"],
        [_told(one) for one in inputs["told"]],
        inputs["timezone"],
        inputs["software"],
        line_of(state, day),
        inputs["identity"],
    )
    path = state / FOLDER / f"{case.gateway}-{day}.evidence"
    try:
        done = export_day(job.records.reader(), case, day, path, inputs["utc_ms"], _signing(job), job.progress.reach)
    except (NoSuchDay, Tampered) as error:
        raise RequestError("bad_data", error.reason) from None
    except OSError as error:
        raise RequestError("cannot_write", file_reason(path, error)) from None
    yield {
        "path": str(done.path),
        "seal": done.seal,
        "day": day,
        "timezone": case.timezone,
        "records": done.records,
        "readings": done.readings,
        "missing": done.missing,
        "rate": done.rate,
        "identity": case.identity,
    }


def _signing(job: Job) -> Sign:
    """Core signs, a handful at a time; its own last word of it, the seal, goes upwards."""

    def sign(day: str, marks: Sequence[Mark]) -> list[str]:
        found: list[str] = []
        if job.ask is not None and job.inputs["identity"]:
            for first in range(0, len(marks), AT_ONCE):
                some = marks[first : first + AT_ONCE]
                found += job.ask("evidence.sign", day=day, marks=[[*mark] for mark in some], ends=some[-1] == marks[-1])
        return found

    return sign


def _told(row: dict[str, Any]) -> RecordedFact:
    fields = {name: value for name, value in row.items() if name not in ABOUT_TELLING and value is not None}
    return RecordedFact(fact_from(row["fact"], fields), row["told_s"], row.get("told_by", ""), row.get(MORE, {}))


ANSWERS = {"evidence.export": export}
