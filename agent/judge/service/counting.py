"""What counts in the rate now, and as what: by the rules' own word on each state of an asset's life."""

from collections.abc import Iterator

from agent.judge.asset import Asset
from agent.judge.service.service import NEVER_S, AssessmentService
from agent.judge.verdict import State, Verdict


def counted_as(assessments: AssessmentService, asset: str, verdict: Verdict) -> State | None:
    """As what an asset of the settings counts; None where it does not."""
    out = assessments.assets.out_of_service.get(asset)
    counted = "judged" if out is None else getattr(assessments.judge.rules.counting, out)
    if counted == "not_counted":
        return None
    return State.UNKNOWN if counted == "unknown" else verdict.state


def gone_counted_as(assessments: AssessmentService, asset: str) -> State | None:
    """As what an asset counts that the settings do not name any more; None where it does not."""
    state = assessments.assets.register.lives.state(asset, NEVER_S)
    if asset not in assessments.assets.unexplained or state is None:
        return None
    counted = getattr(assessments.judge.rules.counting, state)
    if counted == "not_counted":
        return None
    return State.NOT_SERVICEABLE if counted == "not_serviceable" else State.UNKNOWN


def counted_now(assessments: AssessmentService) -> Iterator[tuple[Asset, State]]:
    """Everything that counts in the rate now, as the rules count it; what only vanished from the settings too."""
    known = assessments.judge.assets
    for asset, verdict in zip(known.values(), assessments.verdicts(), strict=True):
        if (state := counted_as(assessments, asset.id, verdict)) is not None:
            yield asset, state
    for gone in sorted(assessments.assets.unexplained):
        if gone not in known and (state := gone_counted_as(assessments, gone)) is not None:
            yield assessments.assets.register.lives.thing(gone), state
