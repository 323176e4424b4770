"""`evidence.export` on the control socket: the agent writes, because only it may open its journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.judge.service.service import AssessmentService
from agent.reports.evidence.export import EvidenceInputs, RecordSource, export_day

FOLDER = "evidence"
_TELL_EVERY_S = 2.0


def register_evidence(
    server: ControlServer, assessments: AssessmentService, journal: RecordSource, rules_file: Path, software: str
) -> None:
    """Answer evidence.export {day}: a stream of {"done": false} every two seconds, then what was written.

    The file goes to STATE_DIR/evidence/GATEWAY-DAY.evidence; one export runs at a time.
    """
    text = rules_file.read_text("utf-8")
    busy = asyncio.Lock()

    async def export(request: Request) -> AsyncIterator[dict[str, Any]]:
        day = request.text("day")
        utc = assessments.utc_ns()
        if utc is None:
            raise RequestError(
                "refused", "the clock is not to be trusted yet: nobody knows which readings belong to a day"
            )
        if busy.locked():
            raise RequestError("busy", "an export is running already")
        async with busy:
            assets = list(assessments.judge.assets.values())
            case = EvidenceInputs(
                assessments.gateway,
                assets,
                rules_file.name,
                text,
                list(assessments.store.told),
                assessments.zone.key,
                software,
            )
            path = assessments.state_dir / FOLDER / f"{assessments.gateway}-{day}.evidence"
            worker = ThreadPoolExecutor(1, "evidence")
            task = asyncio.create_task(export_day(journal, case, day, path, utc // 1_000_000, worker))
            try:
                while not task.done():
                    await asyncio.wait([task], timeout=_TELL_EVERY_S)
                    if not task.done():
                        yield {"done": False}
                done = task.result()
            except ValueError as error:
                raise RequestError("bad_data", str(error)) from None
            except OSError as error:
                raise RequestError("cannot_write", f"{path}: {error.strerror}") from None
            finally:
                task.cancel()
                await asyncio.wait([task])
                worker.shutdown()
        yield {
            "done": True,
            "path": str(done.path),
            "seal": done.seal,
            "day": day,
            "timezone": assessments.zone.key,
            "records": done.records,
            "readings": done.readings,
            "missing": done.missing,
            "rate": done.rate,
        }

    server.register("evidence.export", export, "operate")
