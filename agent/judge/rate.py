"""完好率 now: how many are serviceable."""

from collections.abc import Iterable, Mapping
from typing import Literal

from agent.judge.asset import Asset
from agent.judge.tally import Tally
from agent.judge.verdict import State, Verdict

By = Literal["all", "station", "district", "kind", "asset"]


def group_of(asset: Asset, by: By) -> str:
    """The name of the group an asset is counted in."""
    if by == "all":
        return ""
    return {"station": asset.station, "district": asset.district, "kind": asset.kind, "asset": asset.id}[by]


def rate_now(assets: Iterable[Asset], verdicts: Mapping[str, Verdict], by: By = "all") -> dict[str, Tally]:
    """One count of each thing per group; a thing without a verdict is unknown."""
    groups: dict[str, Tally] = {}
    for asset in assets:
        verdict = verdicts.get(asset.id)
        groups.setdefault(group_of(asset, by), Tally()).add(State.UNKNOWN if verdict is None else verdict.state)
    return groups
