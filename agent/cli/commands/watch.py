"""watch: the site live, on one screen."""

from __future__ import annotations

import sys
import time

from agent.cli import exits, nests, show, table, terminal
from agent.cli.call import Call, failed, not_running
from agent.cli.command import Parser
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import Connection, NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.watch.screen import Screen
    from agent.cli.watch.state import State

_LONGEST_S = 3600.0
_PATIENCE_S = 3.0
"""On the live screen a silent agent is told of soon; the picture stays, and grows old."""
_AGAIN_S = 0.5
"""So long a silent one is waited for from then on: keys are heard in between."""


def build(parser: Parser) -> None:
    """`hydronest watch` has no verbs."""
    parser.description = _("live table with pressure curves")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help=_("seconds between two frames; 1"))
    parser.add_argument("--count", type=int, default=0, metavar="N", help=_("stop after N frames"))
    parser.add_argument("--plain", action="store_true", help=_("tables one after the other, for pipes and logs"))
    parser.add_argument("--find", default="", metavar="TEXT", help=_("only devices that contain TEXT"))
    parser.add_argument("--bell", action="store_true", help=_("ring for alarms (no warnings) that nobody has seen"))
    parser.runs(run)


def run(call: Call) -> int:
    """The live screen on a terminal, tables elsewhere or with --plain, JSON lines with --json."""
    args = call.args
    if not 0.1 <= args.interval <= _LONGEST_S:
        raise Trouble(exits.USAGE, _("--interval: from 0.1 to 3600 seconds"))
    if args.count < 0:
        raise Trouble(exits.USAGE, _("--count: a number of frames, 0 for no end"))
    if call.json or args.plain or not (sys.stdout.isatty() and sys.stdin.isatty()):
        return _plain(call)
    from agent.cli.watch.screen import Ended, Screen

    try:
        with Screen() as screen:
            return _live(call, screen)
    except Ended as ended:
        return ended.code


def _plain(call: Call) -> int:
    call.options.timeout += call.args.interval
    frames = call.stream("watch", count=call.args.count, interval_s=call.args.interval, find=call.args.find)
    for at, frame in enumerate(frames):
        if call.json:
            call.emit(frame)
        else:
            lines = table.lines(show.device_columns(), frame["devices"], call.width, call.colour)
            lines += [
                f"{_('nest')} {one['id']}  {nests.phase(one)}  {nests.told(one)}" for one in frame.get("nests", [])
            ]
            print(*([""] if at else []), frame["clock"]["wall"], *lines, sep="\n")
        sys.stdout.flush()
    return exits.OK


def _live(call: Call, screen: Screen) -> int:
    """Until a key or --count ends it; the exit code says whether core was there then."""
    from agent.cli.horn import SILENT, Horn, unseen
    from agent.cli.watch.look import Look
    from agent.cli.watch.state import State
    from agent.cli.watch.view import screen as lines

    agent, horn = _Agent(call), Horn()
    state = State()
    state.find = call.args.find
    drawn, due = 0, 0.0
    while not state.done:
        width, height = screen.size()
        if time.monotonic() >= due:
            due = time.monotonic() + call.args.interval
            drawn += agent.refresh(state, first=not state.frame)
            there = [SILENT] if state.trouble else unseen(state.frame)
            if call.args.bell and horn.sounds_for(time.monotonic(), there):
                screen.ring()
        screen.draw(lines(state, Look(width, height, call.colour, call.options.ascii)))
        if drawn == call.args.count > 0:
            break
        for key in screen.keys(due - time.monotonic()):
            if key == "resize":
                screen.forget()
            else:
                state.press(key)
            due = 0.0
    return exits.NOT_RUNNING if state.trouble else exits.OK


class _Agent:
    """The agent behind the live screen: one connection, taken up again when it was lost."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._connection: Connection | None = None

    def refresh(self, state: State, first: bool) -> int:
        """Bring the state up to date; 1 if a frame came. Raises Trouble only for the `first`."""
        try:
            self._fetch(state)
        except (NotRunning, RequestFailed) as error:
            self._connection = None
            trouble = not_running(self._call.options.socket, error) if isinstance(error, NotRunning) else failed(error)
            if first:
                raise trouble from None
            from agent.cli.without_core import nests_told

            nests = nests_told(self._call, _AGAIN_S) if state.frame.get("nests") else None
            state.nobody_answers(trouble.message, time.monotonic(), nests)
            return 0
        return 1

    def _fetch(self, state: State) -> None:
        if self._connection is None:
            patience_s = _AGAIN_S if state.trouble else _PATIENCE_S
            self._connection = Connection(self._call.options.socket, min(self._call.options.timeout, patience_s))
        asked: dict[str, Any] = {"first": state.first, "rows": max(state.rows, 60), "find": state.find}
        frame = self._connection.ask("watch", count=1, only_not_ok=state.only_not_ok, map=True, **asked)
        state.take(terminal.clean(frame), time.monotonic())
        if state.page == "detail":
            state.look_closely(terminal.clean(self._connection.ask("hydrant.show", device=state.device)))
