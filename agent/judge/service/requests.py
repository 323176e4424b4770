"""What the control socket answers about verdicts, rates, events, facts and what is near."""

from __future__ import annotations

from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.judge.facts import KINDS, BadFact
from agent.judge.flow import BadTest, FlowTest, rate
from agent.judge.near import gather
from agent.judge.rate import By, rate_now
from agent.judge.service.service import AssessmentService
from agent.judge.verdict import NOT_KNOWN
from drivers.event import Event
from protocols.reason import Reason
from protocols.system import file_reason

BY: tuple[By, ...] = ("all", "station", "district", "kind", "asset")


def register_judge(server: ControlServer, assessments: AssessmentService) -> None:
    """Answer rate, verdict.list, events, facts.list, facts.add, near."""
    asks = _Handlers(assessments)
    server.register("rate", asks.rate, "read")
    server.register("timezone", asks.timezone, "read")
    server.register("verdict.list", asks.verdicts, "read")
    server.register("events", asks.events, "read")
    server.register("near", asks.near, "read")
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
        assets = list(judge.assets.values())
        groups = rate_now(assets, {asset.id: assessments.verdict(asset.id) for asset in assets}, by)
        return {
            "rules": judge.rules.version,
            "period": None,
            "counts": "assets",
            "by": by,
            "groups": [{"group": name, **tally.as_json()} for name, tally in sorted(groups.items())],
            "timezone": assessments.zone.key,
            "trouble": assessments.all_trouble,
        }

    async def verdicts(self, _request: Request) -> list[dict[str, Any]]:
        """Every verdict with its reasons in words."""
        judge, now, utc = self._assessments.judge, self._assessments.now_ns(), self._assessments.utc_ns()
        says = {rule.id: rule.say for rule in judge.rules.verdict}
        rows = []
        for asset in judge.assets.values():
            verdict = self._assessments.verdict(asset.id)
            known = asset.id in judge.verdicts
            test = self._assessments.store.facts.flow_tests.get(asset.id)
            rows.append(
                {
                    "id": asset.id,
                    "kind": asset.kind,
                    "name": asset.name,
                    "station": asset.station,
                    "district": asset.district,
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
                    "rating": _rating(test),
                }
            )
        return rows

    async def events(self, _request: Request) -> dict[str, Any]:
        """What stands, and what turned lately."""
        assessments, now, utc = self._assessments, self._assessments.now_ns(), self._assessments.utc_ns()
        standing = []
        own = {(asset, kind): since for asset, kind, since in assessments.judge.open_events()}
        others = {
            key: event.at_ns
            for key, event in assessments.raised.items()
            if key not in own and not assessments.judges(*key)
        }
        for (asset, kind), since in (own | others).items():
            raised = assessments.raised.get((asset, kind))
            rule = assessments.judge.rules.event.of(kind)
            standing.append(
                {
                    "kind": kind.value,
                    "subject": asset,
                    "severity": raised.severity.value if raised else rule.severity.value if rule else "info",
                    "age_s": round((now - (raised.at_ns if raised else since)) / 1e9, 1),
                    "evidence": dict(raised.evidence) if raised else {},
                }
            )
        standing.sort(key=lambda row: (-_rank(str(row["severity"])), row["subject"], row["kind"]))
        return {
            "standing": standing,
            "timezone": assessments.zone.key,
            "recent": [_event(e, now, utc) for e in reversed(assessments.recent)],
        }

    async def near(self, request: Request) -> list[dict[str, Any]]:
        """Nearest working things."""
        lon, lat = request.number("lon", None, -180, 180), request.number("lat", None, -90, 90)
        radius, most = request.number("radius_m", 2000, 1, 100_000), int(request.number("most", 20, 1, 1000))
        flow = request.number("flow_l_s", 0, 0, 10_000) or None
        assessments, utc = self._assessments, self._assessments.utc_ns()
        found = gather(
            (
                (distance, assessments.standing(asset))
                for distance, asset in assessments.judge.nearest(lon, lat, radius)
            ),
            lon,
            lat,
            most=most,
            flow_l_s=flow,
            now_s=None if utc is None else utc / 1e9,
            every_state=request.flag("all", False),
        )
        return [one.as_json() for one in found]

    async def facts(self, request: Request) -> list[dict[str, Any]]:
        """Every fact told, newest last; `fact` picks a kind."""
        kind = request.text("fact", "")
        if kind:
            one_of(kind, tuple(KINDS))
        return [told.as_json() for told in self._assessments.store.told if not kind or told.kind == kind]

    async def tell(self, request: Request) -> dict[str, Any]:
        """Take a fact in; durable when answered."""
        content = request.args.get("content")
        if not isinstance(content, dict):
            raise RequestError("bad_request", Reason("request.object_wanted", argument="content"))
        try:
            news = await self._assessments.tell(request.text("fact"), content)
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


def _event(event: Event, now_ns: int, utc_ns: int | None) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "subject": event.subject,
        "severity": event.severity.value,
        "turn": event.transition.value,
        "age_s": round((now_ns - event.at_ns) / 1e9, 1),
        "utc_s": None if utc_ns is None else (utc_ns - (now_ns - event.at_ns)) / 1e9,
        "evidence": dict(event.evidence),
    }


def _rank(severity: str) -> int:
    return ("info", "warning", "alarm").index(severity)


def one_of(word: str, words: tuple[str, ...]) -> Any:
    """The word, if it is one of these. Raises RequestError."""
    if word not in words:
        raise RequestError("bad_request", Reason("request.known", value=word, known=words))
    return word
