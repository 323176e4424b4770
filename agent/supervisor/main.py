"""`hydronest run` becomes this: the children of one site, and the master that keeps them alive."""

import logging
import sys
from functools import partial

from agent.runtime.child import Child
from agent.settings.settings import Settings
from agent.supervisor.life import Spec
from agent.supervisor.tree import CannotStart, Tree

__all__ = ["CannotStart", "run"]


def run(settings: Settings, *, allow_motion: bool, verbose: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises CannotStart where a child cannot run here; it has said why."""
    _log(verbose=verbose)
    settings.socket_path.parent.mkdir(parents=True, exist_ok=True)
    Tree(specs(settings, allow_motion=allow_motion), settings.tree_path, report).run()


def specs(settings: Settings, *, allow_motion: bool) -> list[Spec]:
    """The children this site needs, in the order they begin."""
    children = [Spec("core", partial(_core, settings), stop_s=15.0)]
    if any(uplink.enabled for uplink in settings.site.uplinks):
        children.append(Spec("uplinks", partial(_uplinks, settings), peers=("core",)))
    if any(line.kind == "opcua" for line in settings.site.lines):
        children.append(Spec("opcua", partial(_opcua, settings), peers=("core",), stop_s=5.0))
    if settings.site.nests:
        flight = partial(_flight, settings, allow_motion)
        children.append(Spec("flight", flight, peers=("core",), silence_s=10.0, oom_score_adj=-500, outlives=True))
    return children


def _core(settings: Settings, child: Child) -> None:
    from agent.core.process import main  # a child's own modules are its own: nobody else pays for them

    main(child, settings)


def _flight(settings: Settings, allow_motion: bool, child: Child) -> None:
    from agent.flight.process import main

    main(child, settings, allow_motion=allow_motion)


def _uplinks(settings: Settings, child: Child) -> None:
    from agent.uplinks.process import main

    main(child, settings)


def _opcua(settings: Settings, child: Child) -> None:
    from agent.opcua.process import main

    main(child, settings)


def report(child: Child, handed: tuple[int, ...]) -> None:
    """A report's life."""
    from agent.reports.process import main

    main(child, handed)


def _log(*, verbose: bool) -> None:
    """Our own lines go to standard error (journald); the libraries' only when they are serious: we count for them."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for library in ("asyncua", "pymodbus", "mqtt", "paho", "asyncio"):
        logging.getLogger(library).setLevel(logging.CRITICAL if not verbose else logging.WARNING)
