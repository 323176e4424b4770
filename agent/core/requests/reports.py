"""What reports answer: core looks at the question, gathers what the report needs, and hands the client over."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import orjson

from agent.control.request import Request, RequestError, Stream
from agent.control.server import ControlServer
from agent.core.identity import Identity
from agent.core.report_broker import ReportBroker
from agent.journal.requests import lane_of
from agent.judge.alarm_groups import Where
from agent.judge.days import NoPeriod, days_of
from agent.judge.service.requests import BY, one_of
from agent.judge.service.service import AssessmentService
from agent.runtime.slices import in_slices
from drivers.profile.plain import plain
from protocols.reason import Reason

MOST_CORNERS = 2_500
"""Of an area: what a question of 64 KiB holds."""
NARROWEST_M, WIDEST_M = 10.0, 2_000.0
LANGUAGES = ("", "zh", "en")

Inputs = Mapping[str, Any]


def handed_over(broker: ReportBroker, name: str, inputs_of: Callable[[Request], Awaitable[Inputs]]) -> Stream:
    """A handler that lets a report answer; `inputs_of` looks at the question and gathers what core knows for it."""

    async def answer(request: Request) -> AsyncIterator[Any]:
        broker.refuse_if_busy(name)
        await broker.answer(request, name, await inputs_of(request))
        nothing: tuple[Any, ...] = ()  # the report has written its values; the end of the stream is the session's
        for value in nothing:
            yield value

    return answer


def register_judge_reports(
    server: ControlServer,
    broker: ReportBroker,
    assessments: AssessmentService,
    software: str,
    others: Mapping[str, str],
    where: Mapping[str, Where],
    identity: Identity,
) -> None:
    """Offer `coverage`, `rate.over`, `risk`, `alarm.kpi` and `evidence.export`; the last writes a file here.

    `others` are the kinds of the devices that are no assets, by id; `where` is where each device is; `identity` signs.
    """
    asks = _JudgeReports(assessments, others, where, software, identity)
    server.register("coverage", handed_over(broker, "coverage", asks.coverage), "read")
    server.register("rate.over", handed_over(broker, "rate.over", asks.rate_over), "read")
    server.register("risk", handed_over(broker, "risk", asks.risk), "read")
    server.register("alarm.kpi", handed_over(broker, "alarm.kpi", asks.alarm_kpi), "read")
    server.register("evidence.export", handed_over(broker, "evidence.export", asks.evidence), "operate")


def register_journal_reports(server: ControlServer, broker: ReportBroker) -> None:
    """Offer `journal.verify|export|history`."""

    async def verify(_request: Request) -> Inputs:
        return {}

    async def export(request: Request) -> Inputs:
        lane_of(request.text("lane", "telemetry"))
        request.number("since_ms", 0, 0, 1e15)
        return {}

    async def history(request: Request) -> Inputs:
        request.text("device")
        request.text("point")
        request.number("since_ms", 0, 0, 1e15)
        return {}

    server.register("journal.verify", handed_over(broker, "journal.verify", verify), "read")
    server.register("journal.export", handed_over(broker, "journal.export", export), "read")
    server.register("journal.history", handed_over(broker, "journal.history", history), "read")


class _JudgeReports:
    def __init__(
        self,
        assessments: AssessmentService,
        others: Mapping[str, str],
        where: Mapping[str, Where],
        software: str,
        identity: Identity,
    ) -> None:
        self._assessments = assessments
        self._where = where
        self._others = others
        self._software = software
        self._identity = identity

    async def coverage(self, request: Request) -> Inputs:
        """Covered share, gaps, what each repair would win; of `area`, a ring of [lon, lat], where one is given."""
        radius = request.number("radius_m", self._assessments.judge.rules.coverage_m, NARROWEST_M, WIDEST_M)
        _check_area(request.args.get("area"))
        request.flag("geojson")
        one_of(request.text("svg", ""), LANGUAGES)
        things = await in_slices(orjson.dumps(standing) for standing in self._assessments.standings())
        return {"radius_m": radius, "things": _joined(things)}

    async def rate_over(self, request: Request) -> Inputs:
        """By group over days, months or years."""
        assessments = self._assessments
        period, by = request.text("period"), one_of(request.text("by", "all"), BY)
        try:
            days_of(period)
        except NoPeriod as error:
            raise RequestError("bad_request", error.reason) from None
        days = await assessments.open_days()
        return {
            "period": period,
            "by": by,
            "state_dir": str(assessments.state_dir),
            "open_days": {day: orjson.Fragment(minutes) for day, minutes in days.items()},
            "lives": await self._lives(),
            "counting": plain(assessments.judge.rules.counting),
            "utc_ns": assessments.utc_ns(),
            "timezone": assessments.zone.key,
            "rules": assessments.judge.rules.version,
            "trouble": assessments.all_trouble,
        }

    async def risk(self, request: Request) -> Inputs:
        """Dead hydrants side by side now, and hours of low pressure over days, months or years."""
        things = await in_slices(orjson.dumps(standing) for standing in self._assessments.standings())
        over = await self.rate_over(request)
        return {**over, "things": _joined(things), "link_m": self._assessments.judge.rules.coverage_m}

    async def alarm_kpi(self, request: Request) -> Inputs:
        """How good the alarms of the last `span_s` seconds were."""
        span_s, utc = request.number("span_s", 30 * 86400, 600, 3660 * 86400), self._assessments.utc_ns()
        if utc is None:
            raise RequestError("refused", Reason("clock.no_day"))
        now_ms = utc // 1_000_000
        return {
            "since_ms": now_ms - round(span_s * 1000),
            "now_ms": now_ms,
            "where": {device: list(where) for device, where in self._where.items()},
        }

    async def evidence(self, request: Request) -> Inputs:
        """A day's evidence below the state directory; one at a time."""
        assessments = self._assessments
        request.text("day")
        utc = assessments.utc_ns()
        if utc is None:
            raise RequestError("refused", Reason("clock.no_day"))
        told_facts = await in_slices(orjson.dumps(told.as_json()) for told in list(assessments.store.told))
        return {
            "gateway": assessments.gateway,
            "others": self._others,
            "told": _joined(told_facts),
            "timezone": assessments.zone.key,
            "software": self._software,
            "state_dir": str(assessments.state_dir),
            "utc_ms": utc // 1_000_000,
            "identity": self._identity.public,
        }

    async def _lives(self) -> orjson.Fragment:
        """Every entry of every asset's life."""
        return _joined(await in_slices(orjson.dumps(entry.as_json()) for entry in self._assessments.lives()))


def _joined(rows: list[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[" + b",".join(rows) + b"]")


def _check_area(area: object) -> None:
    if area is None:
        return
    if not isinstance(area, list) or len(area) > MOST_CORNERS or not all(map(_is_place, area)):
        raise RequestError("bad_request", Reason("coverage.area", most=MOST_CORNERS))


def _is_place(corner: object) -> bool:
    if not isinstance(corner, list) or len(corner) != 2:
        return False
    lon, lat = corner
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in corner)
    return numbers and -180 <= lon <= 180 and -90 <= lat <= 90
