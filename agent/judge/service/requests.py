"""What the control socket answers about verdicts, rates, facts and what is near."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from agent.control.encoding import Rows, encoded, rows_of
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.judge.asset import Asset
from agent.judge.facts import KINDS, BadFact
from agent.judge.flow import BadTest, FlowTest, rate
from agent.judge.near import Found, Water, gather
from agent.judge.rate import By, group_of
from agent.judge.service.counting import counted_now
from agent.judge.service.fact_store import kind_of
from agent.judge.service.service import AssessmentService
from agent.judge.tally import Tally
from agent.judge.together import MOST_HYDRANTS, NEAR_M, REACH_M, modelled, supply_json
from agent.judge.verdict import NOT_KNOWN, State, Verdict
from agent.runtime.slices import in_slices
from agent.water.table import FOLDER, BadTable, Table
from agent.water.table import read as table_about
from protocols.reason import Reason
from protocols.system import file_reason

_log = logging.getLogger("hydronest")

BY: tuple[By, ...] = ("all", "station", "district", "kind", "asset")


def register_judge(server: ControlServer, assessments: AssessmentService) -> None:
    """Answer rate, verdict.list, facts.list, facts.add, near, supply."""
    asks = _Handlers(assessments)
    server.register("rate", asks.rate, "read")
    server.register("timezone", asks.timezone, "read")
    server.register("verdict.list", asks.verdicts, "read")
    server.register("near", asks.near, "read")
    server.register("supply", asks.supply, "read")
    server.register("facts.list", asks.facts, "read")
    server.register("facts.add", asks.tell, "operate")


class _Handlers:
    def __init__(self, assessments: AssessmentService) -> None:
        self._assessments = assessments

    async def timezone(self, _request: Request) -> str:
        """The gateway's time zone by its IANA name: days are its days."""
        return self._assessments.zone.key

    async def rate(self, request: Request) -> dict[str, Any]:
        """Now, by group."""
        assessments, judge = self._assessments, self._assessments.judge
        by = one_of(request.text("by", "all"), BY)
        groups: dict[str, Tally] = {}
        alarmed: list[str] = []
        for group, state in await in_slices(self._counted(by, alarmed)):
            groups.setdefault(group, Tally()).add(state)
        return {
            "rules": judge.rules.version,
            "period": None,
            "counts": "assets",
            "by": by,
            "groups": await rows_of({"group": name, **groups[name].as_json()} for name in sorted(groups)),
            "alarmed": alarmed,
            "timezone": assessments.zone.key,
            "trouble": assessments.all_trouble,
        }

    def _counted(self, by: By, alarmed: list[str]) -> Iterator[tuple[str, State]]:
        """(group, state) of everything that counts; what is serviceable in spite of an alarm is noted."""
        for asset, state in counted_now(self._assessments):
            if state is State.SERVICEABLE and self._assessments.alarmed(asset.id):
                alarmed.append(asset.id)
            yield group_of(asset, by), state

    async def verdicts(self, _request: Request) -> Rows:
        """Every verdict with its reasons in words."""
        judge, now, utc = self._assessments.judge, self._assessments.now_ns(), self._assessments.utc_ns()
        says = {rule.id: rule.say for rule in judge.rules.verdict}
        tests = self._assessments.store.facts.flow_tests

        def row(asset: Asset, verdict: Verdict) -> dict[str, Any]:
            known = asset.id in judge.verdicts
            return {
                "id": asset.id,
                "kind": asset.kind,
                "name": asset.name,
                "station": asset.station,
                "district": asset.district,
                "place": asset.place,
                "state": verdict.state.value,
                "reasons": list(verdict.reasons),
                "say": {
                    rule: {"zh": says[rule].zh, "en": says[rule].en}
                    for r in verdict.reasons
                    if (rule := r.removesuffix(NOT_KNOWN)) in says
                },
                "since_s": (now - verdict.since_ns) / 1e9 if known else None,
                "since_utc_s": (utc - now + verdict.since_ns) / 1e9 if known and utc is not None else None,
                "rules": judge.rules.version,
                "rating": _rating(tests.get(asset.id)),
            }

        return await rows_of(map(row, judge.assets.values(), self._assessments.verdicts()))

    async def supply(self, request: Request) -> dict[str, Any]:
        """Which hydrants together feed a wanted flow, yes or no, and what is missing."""
        lon, lat = request.number("lon", None, -180, 180), request.number("lat", None, -90, 90)
        wanted = request.number("flow_l_s", 0, 0, 10_000) or None
        hour, radius = int(request.number("hour", -1, -1, 23)), request.number("radius_m", REACH_M, 1, REACH_M)
        table, water = await self._water(lon, lat, REACH_M)
        if hour >= 0:
            water = water._replace(hour=hour, model=modelled(table, hour), live=False)
        found = await self._found(lon, lat, radius, MOST_HYDRANTS, water, every_state=False)
        return supply_json(found, lon, lat, table, water, wanted)

    async def _water(self, lon: float, lat: float, radius_m: float) -> tuple[Table | None, Water]:
        """What was worked out about a place, and what is known of its water now. A file that cannot be read is none."""
        assessments = self._assessments
        try:
            table = await asyncio.to_thread(table_about, assessments.state_dir / FOLDER, lon, lat, radius_m)
        except BadTable as bad:
            _log.warning("%s", bad)
            table = None
        water = assessments.water()
        return table, water._replace(model=modelled(table, water.hour))

    async def _found(
        self, lon: float, lat: float, radius_m: float, most: int, water: Water, *, every_state: bool
    ) -> list[Found]:
        assessments = self._assessments
        nearest = assessments.judge.nearest(lon, lat, radius_m)
        things = ((distance, assessments.standing(asset)) for distance, asset in nearest)
        found = gather(things, lon, lat, most=most, water=water, every_state=every_state)
        return [one for one in await in_slices(found) if one is not None]

    async def near(self, request: Request) -> Rows:
        """Nearest working things."""
        lon, lat = request.number("lon", None, -180, 180), request.number("lat", None, -90, 90)
        radius, most = request.number("radius_m", 2000, 1, 100_000), int(request.number("most", 20, 1, 1000))
        _, water = await self._water(lon, lat, min(radius, NEAR_M))
        found = await self._found(lon, lat, radius, most, water, every_state=request.flag("all", False))
        return await rows_of(one.as_json() for one in found)

    async def facts(self, request: Request) -> Rows:
        """Every fact told, newest last, and behind them what nobody signed (`claim`); `fact` picks a kind."""
        kind = request.text("fact", "")
        if kind:
            one_of(kind, tuple(KINDS))
        told = list(self._assessments.store.told)
        rows = await in_slices(encoded(one.as_json()) if not kind or one.kind == kind else None for one in told)
        claims = ({"fact": kind_of(one), "claim": True, **asdict(one)} for one in self._assessments.inbox.claims)
        rows += [encoded(claim) for claim in claims if kind in ("", claim["fact"])]
        return Rows(row for row in rows if row is not None)

    async def tell(self, request: Request) -> dict[str, Any]:
        """Take a fact in; durable when answered."""
        content = request.args.get("content")
        if not isinstance(content, dict):
            raise RequestError("bad_request", Reason("request.object_wanted", argument="content"))
        try:
            news = await self._assessments.tell(request.text("fact"), content, f"uid {request.peer.uid}")
        except (BadFact, BadTest) as error:
            raise RequestError("bad_data", error.reason) from None
        except OSError as error:
            raise RequestError("cannot_write", file_reason(self._assessments.store.path, error)) from None
        return {"news": news}


def _rating(test: FlowTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    r = rate(test)
    return {
        "class": r.nfpa_class,
        "rated_l_s": round(r.nfpa_l_s, 1),
        "rated_at_kpa": round(r.nfpa_kpa, 1),
        "l_s_at_100_kpa": round(r.gb_l_s, 1),
        "gb_pass": r.gb_pass,
        "tested_s": test.at_s,
    }


def one_of(word: str, words: tuple[str, ...]) -> Any:
    """The word, if it is one of these. Raises RequestError."""
    if word not in words:
        raise RequestError("bad_request", Reason("request.known", value=word, known=words))
    return word
