"""`hydronest run` becomes this: the children of one site, and the master that keeps them alive."""

import contextlib
import ctypes
import logging
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module

from agent.control.rights import Rights, gid_of
from agent.runtime.child import Child
from agent.settings.settings import Settings
from agent.supervisor.confine import Reach
from agent.supervisor.life import Spec
from agent.supervisor.reaches import reaches
from agent.supervisor.renewal import Renewal
from agent.supervisor.tree import CannotStart, Tree
from agent.supervisor.tree_file import Taken, TreeFile

_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
_OF_ALL = ("orjson", "agent.link.messages", "agent.link.peer", "agent.link.samples")
_OF_CORE_AND_FLIGHT = ("agent.control.server", "agent.settings.modbus", "drivers.modbus.driver")

__all__ = ["CannotStart", "Taken", "run"]


def run(settings: Settings, *, allow_motion: bool, own_user: bool, verbose: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises CannotStart where a child cannot run here; it has said why.

    Raises Taken where another agent runs here, OSError where nothing can be written beside the socket.
    `own_user`: whoever this runs as may operate it.
    """
    _log(verbose=verbose)
    _share(settings)
    file = TreeFile(settings.tree_path)

    def children(of: Settings) -> list[Spec]:
        return specs(of, reaches(of), rights(of, own_user=own_user), allow_motion=allow_motion)

    # A terminal that is closed sends SIGHUP as well: whoever runs it there by hand means an end.
    renewal = None if sys.stdin is not None and sys.stdin.isatty() else Renewal(settings, children)
    Tree(children(settings), file, report, reaches(settings)["report"], renewal).run()


def _share(settings: Settings) -> None:
    """What several children use is loaded once, before they part: 1 MB, and 2.5 of Modbus where core and flight do.

    Their threads share a heap, 0.7 MB less: they take turns at Python's lock anyway.
    """
    with contextlib.suppress(AttributeError):  # another C library's
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    for module in (*_OF_ALL, *(_OF_CORE_AND_FLIGHT if settings.site.nests else ())):
        import_module(module)


def rights(settings: Settings, *, own_user: bool) -> Rights:
    """Who may operate and who may look. A group that this machine has not has nobody in it: that is said, no more."""
    gateway = settings.site.gateway
    known = {name: gid_of(name) for name in (gateway.operator_group, gateway.reader_group) if name is not None}
    for name, gid in known.items():
        if gid is None:
            logging.getLogger("hydronest").error("there is no group %s: nobody is in it", name)
    found = {name: frozenset(() if gid is None else {gid}) for name, gid in known.items()}
    readers = found.get(gateway.reader_group or "", frozenset())
    if gateway.operator_group is None:
        return Rights(own_user=own_user, readers=readers)
    return Rights(found[gateway.operator_group], own_user, readers)


def specs(settings: Settings, reach: Mapping[str, Reach], rights: Rights, *, allow_motion: bool) -> list[Spec]:
    """The children this site needs, in the order they begin. Flight loses memory last and gets a core first."""
    core = ("core",)
    children = [Spec("core", partial(_core, settings, rights), stop_s=15.0, reach=reach["core"])]
    if any(uplink.enabled for uplink in settings.site.uplinks):
        work = partial(_uplinks, settings)
        children.append(Spec("uplinks", work, core, oom_score_adj=200, reach=reach["uplinks"]))
    if any(line.kind == "opcua" for line in settings.site.lines):
        work = partial(_opcua, settings)
        children.append(Spec("opcua", work, core, stop_s=5.0, oom_score_adj=300, reach=reach["opcua"]))
    if settings.site.nests:
        work = partial(_flight, settings, rights, allow_motion)
        reach_s, beat = reach["flight"], 0.5
        children.append(
            Spec(
                "flight", work, core, silence_s=10.0, oom_score_adj=None, nice=None, reach=reach_s, beat_s=beat,
                outlives=True,
            )
        )  # fmt: skip
    if settings.site.web is not None:
        work = partial(_web, settings)
        children.append(Spec("web", work, stop_s=3.0, oom_score_adj=400, nice=5, reach=reach["web"]))
    return children


def _core(settings: Settings, rights: Rights, child: Child) -> None:
    from agent.core.process import main  # a child's own modules are its own: nobody else pays for them

    main(child, settings, rights)


def _flight(settings: Settings, rights: Rights, allow_motion: bool, child: Child) -> None:
    from agent.flight.process import main

    main(child, settings, rights, allow_motion=allow_motion)


def _uplinks(settings: Settings, child: Child) -> None:
    from agent.uplinks.process import main

    main(child, settings)


def _opcua(settings: Settings, child: Child) -> None:
    from agent.opcua.process import main

    main(child, settings)


def _web(settings: Settings, child: Child) -> None:
    from agent.web.process import main

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
