"""What the control socket answers about assets: what each is and was, and what an operator says of one."""

from __future__ import annotations

from typing import Any

from agent.control.encoding import Rows, encoded
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.judge.life import LifeEntry, LifeState, thing_as_json
from agent.judge.service.asset_watch import BadState
from agent.judge.service.requests import one_of
from agent.judge.service.service import AssessmentService
from agent.runtime.slices import in_slices
from protocols.reason import Reason
from protocols.system import file_reason

STATES = tuple(state.value for state in LifeState)


def register_assets(server: ControlServer, assessments: AssessmentService) -> None:
    """Answer asset.list, asset.show, asset.history, asset.set, asset.tag."""
    asks = _Handlers(assessments)
    server.register("asset.list", asks.list, "read")
    server.register("asset.show", asks.show, "read")
    server.register("asset.history", asks.history, "read")
    server.register("asset.set", asks.set, "operate")
    server.register("asset.tag", asks.tag, "operate")


class _Handlers:
    def __init__(self, assessments: AssessmentService) -> None:
        self._assessments = assessments

    async def list(self, _request: Request) -> Rows:
        """Everything ever known, and everything in the settings, by id."""
        lives, known = self._assessments.assets.register.lives, self._assessments.judge.assets
        return Rows(await in_slices(encoded(self._row(asset)) for asset in sorted({*lives.assets, *known})))

    async def show(self, request: Request) -> dict[str, Any]:
        """One of them, by its id or by a tag that hangs on it, with its description and its history."""
        asset = self._known(request.text("asset"))
        register, known = self._assessments.assets.register, self._assessments.judge.assets
        thing = known.get(asset) or register.lives.thing(asset)
        history = [entry.as_json() for entry in register.lives.told(asset)]
        return {**self._row(asset), "thing": thing_as_json(thing), "history": history}

    async def history(self, request: Request) -> Rows:
        """What was committed, in the order in which it was told; of one asset where it is named."""
        asset = request.text("asset", "")
        if asset:
            asset = self._known(asset)
        entries = [line.entry for line in self._assessments.assets.register.lines if line.entry is not None]
        rows = await in_slices(
            encoded(entry.as_json()) if not asset or entry.asset == asset else None for entry in entries
        )
        return Rows(row for row in rows if row is not None)

    async def set(self, request: Request) -> dict[str, Any]:
        """Commit what an operator says; on the disk when answered."""
        assessments = self._assessments
        state = LifeState(one_of(request.text("state"), STATES))
        utc = assessments.utc_ns()
        if utc is None:
            raise RequestError("refused", Reason("asset.no_clock"))
        now_s, asset = utc / 1e9, request.text("asset")
        entry = LifeEntry(
            asset,
            request.number("at_s", 0, 0, 4e10) or now_s,
            now_s,
            state,
            assessments.judge.assets.get(asset) if state is LifeState.MOVED else None,
            by=request.text("by", "") or f"uid {request.peer.uid}",
            note=request.text("note", ""),
            successor=request.text("successor", ""),
        )
        was = assessments.assets.register.lives.state(asset, now_s)
        request.changed.update(was=None if was is None else was.value, becomes=state.value)
        await self._commit(entry)
        return entry.as_json()

    async def tag(self, request: Request) -> dict[str, Any]:
        """Commit that a tag hangs on an asset from now on, or, with `off`, no longer; on the disk when answered."""
        utc = self._assessments.utc_ns()
        if utc is None:
            raise RequestError("refused", Reason("asset.no_clock"))
        by, off, tag = request.text("by", "") or f"uid {request.peer.uid}", request.flag("off"), request.text("tag")
        asset, now_s = request.text("asset"), utc / 1e9
        was = self._assessments.assets.register.lives.tagged(tag)
        request.changed.update(was=was, becomes=None if off else asset)
        entry = LifeEntry(asset, now_s, now_s, by=by, note=request.text("note", ""), tag=tag, tag_off=off)
        await self._commit(entry)
        return {**entry.as_json(), "was": was}

    async def _commit(self, entry: LifeEntry) -> None:
        assessments = self._assessments
        try:
            await assessments.assets.tell(entry, entry.told_s)
        except BadState as error:
            raise RequestError("bad_data", error.reason) from None
        except OSError as error:
            raise RequestError("cannot_write", file_reason(assessments.assets.register.path, error)) from None
        assessments.judge.turned += 1

    def _known(self, name: str) -> str:
        """The asset of this id, or that wears this tag."""
        assessments = self._assessments
        asset = assessments.assets.register.lives.tagged(name) or name
        if asset not in assessments.judge.assets and not assessments.assets.register.lives.told(asset):
            raise RequestError("not_found", Reason("fact.no_asset", asset=asset))
        return asset

    def _row(self, asset: str) -> dict[str, Any]:
        assessments = self._assessments
        lives, known = assessments.assets.register.lives, assessments.judge.assets
        thing = known.get(asset) or lives.thing(asset)
        told = [entry for entry in lives.told(asset) if entry.state is not None]
        newest = max(told, key=lambda entry: entry.from_s, default=None)
        for entry in told:
            if newest is not None and entry.from_s == newest.from_s:
                newest = entry
        return {
            "id": asset,
            "kind": thing.kind,
            "name": thing.name,
            "station": thing.station,
            "district": thing.district,
            "state": None if newest is None or newest.state is None else newest.state.value,
            "since_s": None if newest is None else newest.from_s,
            "first_s": min((entry.from_s for entry in told), default=None),
            "counts": self._counts(newest),
            "in_settings": asset in known,
            "tags": lives.tags(asset),
        }

    def _counts(self, newest: LifeEntry | None) -> str | None:
        if newest is None or newest.state is None:
            return None
        return str(getattr(self._assessments.judge.rules.counting, newest.state.value))
