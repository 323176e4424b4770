"""What a platform reckons fire risk with, as a report: dead hydrants side by side now, hours of low pressure before."""

from collections.abc import Iterator
from typing import Any

from agent.judge.dead_clusters import clusters
from agent.judge.near import standings_from_json
from agent.reports.job import Job
from agent.reports.rate import over

WHERE = ("lon", "lat", "station", "district")


def risk(job: Job) -> Iterator[dict[str, Any]]:
    """One answer. `things` and `link_m` (m) are inputs beside those of `rate.over`; minutes are those of its ledger."""
    inputs = job.inputs
    (rate,) = over(job)
    things = {one.id: one for one in standings_from_json(inputs["things"])}
    found = clusters(things.values(), float(inputs["link_m"]))
    low = []
    for asset, minutes in sorted(rate["below_min"].items(), key=lambda one: (-sum(one[1].values()), one[0])):
        one = things.get(asset)
        where = {} if one is None else {name: getattr(one, name) for name in WHERE}
        low.append({"id": asset, **where, "hours": {limit: round(n / 60, 2) for limit, n in minutes.items()}})
    yield {
        **{name: rate[name] for name in ("rules", "period", "first_day", "last_day", "missing", "timezone", "trouble")},
        "at_utc_s": None if inputs["utc_ns"] is None else inputs["utc_ns"] / 1e9,
        "link_m": inputs["link_m"],
        "clusters": [cluster._asdict() for cluster in found],
        "low_pressure": low,
    }


ANSWERS = {"risk": risk}
