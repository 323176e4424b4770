"""What the running agent says when it is asked for everything, within a few seconds."""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from agent.control.client import NotRunning, RequestFailed
from protocols.reason import Reason

Ask = Callable[..., Any]
"""`ask(name, **arguments)`; raises NotRunning or RequestFailed."""


class Answers(NamedTuple):
    """`trouble`: why it did not answer at all; `denied`: it would, and not to this user. Each part None: not asked."""

    trouble: Reason | None = None
    denied: bool = False
    hangs: bool = False
    parts: tuple[dict[str, Any], ...] = ()
    agents: int = 1
    status: dict[str, Any] | None = None
    stats: dict[str, Any] | None = None
    uplinks: list[dict[str, Any]] | None = None
    clock: dict[str, Any] | None = None
    nests: dict[str, dict[str, Any]] | None = None
    standing: dict[str, Any] | None = None


def asked(core: Ask, flight: Ask, parts: list[dict[str, Any]], agents: int) -> Answers:
    """Ask `core`, and `flight` where the site has nests. `agents`: how many supervisors run on this machine."""
    told = Answers(parts=tuple(parts), agents=agents)
    try:
        told = told._replace(status=core("status"))
    except NotRunning as error:
        told = told._replace(trouble=error.reason, denied=error.denied)
    except RequestFailed as error:
        told = told._replace(trouble=error.reason, hangs=error.code in ("silent", "timeout"))
    else:
        told = told._replace(
            stats=_said(core, "bus.stats"), uplinks=_said(core, "uplink.status"), clock=_said(core, "clock.show")
        )
    if told.denied or not any(part["child"] == "flight" for part in parts):
        return told
    nests = {one["id"]: _said(flight, "nest.ready", nest=one["id"]) for one in _said(flight, "nest.list") or ()}
    return told._replace(
        nests={name: ready for name, ready in nests.items() if ready is not None},
        standing=_said(flight, "flight.standing"),
    )


def _said(ask: Ask, name: str, **arguments: Any) -> Any:
    with contextlib.suppress(NotRunning, RequestFailed):
        return ask(name, **arguments)
    return None
