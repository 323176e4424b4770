"""`evidence.export` as a report: writes a day's file below the state directory and says what became of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.control.request import RequestError
from agent.judge.facts import fact_from
from agent.judge.service.asset_register import FILE_NAME
from agent.judge.service.fact_store import ABOUT_TELLING, MORE, RecordedFact
from agent.judge.service.files import LEDGER
from agent.reports.evidence.chain import Tampered
from agent.reports.evidence.committed import lines_of
from agent.reports.evidence.export import EvidenceInputs, NoSuchDay, export_day
from agent.reports.job import Job
from protocols.system import file_reason

FOLDER = "evidence"


def export(job: Job) -> Iterator[dict[str, Any]]:
    """What was written, once."""
    inputs, day = job.inputs, str(job.args["day"])
    case = EvidenceInputs(
        inputs["gateway"],
        list(lines_of(Path(inputs["state_dir"]) / LEDGER / FILE_NAME)),
        inputs["others"],
        [_told(one) for one in inputs["told"]],
        inputs["timezone"],
        inputs["software"],
    )
    path = Path(inputs["state_dir"]) / FOLDER / f"{case.gateway}-{day}.evidence"
    try:
        done = export_day(job.records.reader(), case, day, path, inputs["utc_ms"], job.progress.reach)
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
    }


def _told(row: dict[str, Any]) -> RecordedFact:
    fields = {name: value for name, value in row.items() if name not in ABOUT_TELLING and value is not None}
    return RecordedFact(fact_from(row["fact"], fields), row["told_s"], row.get("told_by", ""), row.get(MORE, {}))


ANSWERS = {"evidence.export": export}
