"""One command being run: what was asked for, the agent to ask, and the ways to answer the person."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

from agent.cli import exits, table, terminal
from agent.cli.globals import Globals
from agent.cli.reasons import in_words, with_messages
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import Connection, NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.progress import Progress

_EXIT_OF = {
    "bad_request": exits.USAGE,
    "unknown_ask": exits.BAD_DATA,
    "not_found": exits.BAD_DATA,
    "bad_data": exits.BAD_DATA,
    "no_answer": exits.NO_ANSWER,
    "refused": exits.DEGRADED,
    "failed": exits.BUG,
    "busy": exits.TRY_AGAIN,
    "timeout": exits.TRY_AGAIN,
    "no_permission": exits.NO_PERMISSION,
    "cannot_write": exits.CANNOT_WRITE,
    "too_large": exits.USAGE,
    "silent": exits.TRY_AGAIN,
    "hung_up": exits.TRY_AGAIN,
    "no_agent": exits.NOT_RUNNING,
}

_OF_NESTS = ("nest", "drone", "flight", "dispatch")


class NoNests(Trouble):
    """The agent knows no such ask because its site has no nest."""


class Call:
    """`args` holds the group's own options, `options` the global ones."""

    def __init__(self, options: Globals, args: argparse.Namespace) -> None:
        self.options = options
        self.args = args
        self.json = options.json
        self.without = ""
        """Which part of the agent was gone when the rest answered: a sentence, told and exited by at the end."""
        self.colour = terminal.colour_wanted(sys.stdout, options.no_color)
        self.width = None if options.wide or not terminal.is_terminal() else terminal.width()

    def ask(self, name: str, **arguments: Any) -> Any:
        """One question, one answer, as JSON gives it. Raises Trouble if no agent runs or it says no."""
        answers = self.stream(name, **arguments)
        try:
            return next(answers, None)
        finally:
            answers.close()

    def stream(
        self, name: str, on_progress: Callable[[int, int], None] | None = None, **arguments: Any
    ) -> Generator[Any, None, None]:
        """One question, every answer as it comes. Raises Trouble as `ask` does."""
        try:
            with Connection(self.options.socket, self.options.timeout, on_progress) as agent:
                for value in agent.stream(name, **arguments):
                    yield value if self.json else terminal.clean(value)
        except NotRunning as error:
            raise not_running(self.options.socket, error) from None
        except RequestFailed as error:
            raise failed(error, name) from None

    def look_at_flight(self, name: str, **arguments: Any) -> Any:
        """As `ask_flight`, for whoever only looks: now. Where core or flight is gone, `without` says so."""
        from agent.cli.parts import part_gone, parts_of

        try:
            answer = self._of_flight(name, **arguments)
        except NotRunning:
            answer = self.ask(name, **arguments)
            if parts := parts_of(self.options.socket):
                self.without = part_gone("flight", parts).message
        else:
            if not self.agent_runs():
                self.without = part_gone("core", parts_of(self.options.socket)).message
        return answer

    def ask_flight(self, name: str, **arguments: Any) -> Any:
        """As `ask`, but of flight itself: it answers when core is dead, and is waited for while it begins anew."""
        from agent.cli.parts import begins, parts_of

        until = time.monotonic() + self.options.timeout
        while True:
            try:
                return self._of_flight(name, **arguments)
            except NotRunning:
                if time.monotonic() > until or not begins("flight", parts_of(self.options.socket)):
                    return self.ask(name, **arguments)  # core says what it knows
            time.sleep(0.1)

    def _of_flight(self, name: str, **arguments: Any) -> Any:
        """One answer of flight's. Raises NotRunning where it has no socket, Trouble for its no."""
        path = flight_socket(self.options.socket)
        try:
            with Connection(path, self.options.timeout) as flight:
                answer = flight.ask(name, **arguments)
                return answer if self.json else terminal.clean(answer)
        except NotRunning as error:
            if error.denied:
                raise not_running(path, error) from None
            raise
        except RequestFailed as error:
            raise failed(error, name) from None

    def agent_runs(self) -> bool:
        """Whether an agent answers on the socket, for commands that can also do without one."""
        try:
            Connection(self.options.socket, self.options.timeout).close()
        except NotRunning:
            return False
        return True

    def emit(self, value: Any, text: Callable[[], Iterable[str]] | None = None) -> None:
        """The command's result: `value` as one line of JSON with --json, else the lines of `text`."""
        if self.json or text is None:
            told = with_messages(self._picked(value))
            self._line(terminal.json_line(told))
            return
        for line in text():
            self._line(line)

    def listed(self, ask: Callable[..., Any], name: str, **arguments: Any) -> list[Any]:
        """The rows of a list of nests, aircraft or flights; none where the site has no nests."""
        try:
            rows: list[Any] = ask(name, **arguments)
        except NoNests:
            return []
        return rows

    def table(self, columns: Sequence[table.Column], rows: Iterable[Any], nothing: str = "") -> None:
        """Rows as a table, or with --json as an array of whole rows. --fields picks in both.

        Without rows `nothing` says so in a sentence.
        """
        rows = list(rows)
        if self.json:
            self.emit(rows)
            return
        if self.options.fields:
            by_key = {column.key: column for column in columns}
            self._known(self.options.fields, by_key)
            columns = [by_key[key] for key in self.options.fields]
        if not rows:
            self._line(nothing or _("nothing to show"))
            return
        for line in table.lines(columns, rows, self.width, self.colour):
            self._line(line)

    def facts(self, value: Mapping[str, Any], pairs: Iterable[tuple[str, str]]) -> None:
        """One thing as `label  text` lines, or `value` as JSON."""
        self.emit(value, lambda: table.pairs(pairs, self.width))

    def note(self, text: str) -> None:
        """A remark beside the result, on standard error; silent with -q."""
        if not self.options.quiet:
            sys.stderr.write(text + "\n")

    def progress(self, total: int, label: str) -> Progress:
        """A bar for work that takes long: on standard error, on a terminal only. `with call.progress(...) as bar`."""
        from agent.cli.progress import Progress

        return Progress(total, label, quiet=self.options.quiet, ascii_only=self.options.ascii)

    def confirm(self, question: str, yes: bool) -> None:
        """Before anything that writes or moves: --yes, or a typed yes on a terminal; otherwise Trouble."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise Trouble(exits.USAGE, _("nothing was done: this asks first"), _("Add --yes to say yes beforehand."))
        sys.stderr.write(f"{question} [yes/no] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("yes", "y", "是"):
            raise Trouble(exits.DEGRADED, _("nothing was done"))

    def _line(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    def _picked(self, value: Any) -> Any:
        fields = self.options.fields
        if not fields:
            return value
        if isinstance(value, list):
            return [self._picked(item) for item in value]
        if not isinstance(value, dict):
            return value
        self._known(fields, value)
        return {key: value[key] for key in fields}

    def _known(self, fields: Iterable[str], known: Mapping[str, Any]) -> None:
        for field in fields:
            if field not in known:
                told = _("--fields: there is no {field} here").format(field=field)
                raise Trouble(exits.USAGE, told, _("Known here: {names}").format(names=", ".join(known)))


def flight_socket(control: str) -> str:
    """Where flight is asked: beside the control socket."""
    return f"{control.rpartition('/')[0] or '.'}/flight.sock"


def not_running(path: str, error: NotRunning) -> Trouble:
    """What to say when nobody answers on the socket, by why."""
    if error.denied:
        told = _("you may not talk to the agent at {path}").format(path=path)
        return Trouble(
            exits.NO_PERMISSION,
            told,
            _("Join the socket's group: sudo usermod -aG hydronest $USER, then log in again."),
        )
    from agent.cli.parts import part_gone, parts_of

    if parts := parts_of(path):
        return part_gone("core", parts)
    told = _("the agent is not running: nothing answers at {path}").format(path=path)
    return Trouble(
        exits.NOT_RUNNING,
        told,
        _("Start it: sudo systemctl start hydronest (or try hydronest demo); or name another --socket."),
    )


def failed(error: RequestFailed, ask: str = "") -> Trouble:
    """The agent said no to `ask`; its sentence stands, after ours where the code alone says what it means."""
    if error.code == "unknown_ask" and ask.partition(".")[0] in _OF_NESTS:
        return NoNests(exits.BAD_DATA, _("this site has no nests"))
    plain = {
        "no_permission": _("you may look but not operate"),
        "unknown_ask": _("the running agent is older than this command or lacks the part it needs"),
        "busy": _("the agent is busy"),
        "timeout": _("the agent took too long"),
        "silent": _("the agent does not answer"),
        "hung_up": _("the agent hung up; it may be restarting"),
        "no_agent": _("what answers at the socket is not a hydronest agent"),
    }.get(error.code)
    said = in_words(error.reason)
    message = f"{plain} ({said})" if plain else said
    return Trouble(_EXIT_OF.get(error.code, exits.DEGRADED), message, in_words(error.remedy), reason=error.reason)
