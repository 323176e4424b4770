"""What a command group is made of: `build(parser)` names its verbs, each verb is a function of one `Call`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from agent.cli import exits, registry, terminal, words
from agent.cli.call import Call
from agent.cli.globals import Globals
from agent.cli.trouble import Trouble, unknown
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

Run = Callable[[Call], int]
"""A verb: does its work through the Call and returns an exit code."""


_BEGINS_WITH_MINUS = re.compile(r"-[\d.]+([,，]-?[\d.]+)?")
"""A word that is a number or a place, not an option: -5, -118.2,20."""
_MOST = 10**15  # no number, count or amount here is larger


class Parser(argparse.ArgumentParser):
    """An argparse parser whose mistakes are one sentence and whose help keeps its columns with Chinese."""

    def __init__(self, prog: str, summary: str = "") -> None:
        super().__init__(prog, description=summary, formatter_class=_Help, allow_abbrev=False)
        self.verbs: dict[str, Parser] = {}
        self._negative_number_matcher = _BEGINS_WITH_MINUS
        self.register("type", float, _finite)
        self.register("type", int, _whole)

    def verb(self, name: str, summary: str, run: Run) -> Parser:
        """Add `hydronest GROUP name`; returns its parser, for `add_argument`."""
        parser = Parser(f"{self.prog} {name}", summary)
        parser.runs(run)
        self.verbs[name] = parser
        self.usage = f"{self.prog} " + _("COMMAND [options]")
        return parser

    def runs(self, run: Run) -> None:
        """What a group without verbs, or with none named, does."""
        self.set_defaults(run=run)

    def option_strings(self) -> list[str]:
        """Every option of its own: `--yes`, `-n`."""
        return list(self._option_string_actions)

    def format_help(self) -> str:
        """The help page; a group's page lists its verbs."""
        page = super().format_help()
        if self.verbs:
            lines = [f"  {name:<12}{parser.description or ''}\n" for name, parser in self.verbs.items()]
            page += "\n" + _("commands:") + "\n" + "".join(lines)
        return page + "\n" + _("Options of every command: hydronest --help") + "\n"

    def error(self, message: str) -> NoReturn:
        """Usage: one sentence, exit code 2."""
        raise Trouble(exits.USAGE, message, _("See: {command}").format(command=f"{self.prog} --help"))


def _finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not -_MOST < number < _MOST:
        raise argparse.ArgumentTypeError(_("{text} is not a number").format(text=shortened(text)))
    return number


def _whole(text: str) -> int:
    try:
        number = int(text) if len(text) <= 20 else _MOST
    except ValueError:
        number = _MOST
    if not -_MOST < number < _MOST:
        raise argparse.ArgumentTypeError(_("{text} is not a whole number").format(text=shortened(text)))
    return number


def shortened(text: str) -> str:
    """A word of the command line as a sentence can hold it."""
    return text if len(text) <= 40 else f"{text[:37]}..."


class _Help(argparse.HelpFormatter):
    """argparse wraps by characters; Chinese ones take two cells."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(terminal.width(), 100) - 2)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return terminal.wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in terminal.wrap(text, width - len(indent)))


def run_group(name: str, argv: list[str], options: Globals) -> int:
    """Import the group's module alone, parse the rest of the line, run it."""
    words.use(words.language(), name)
    translate_argparse()
    if name in registry.VERBATIM:
        main: Callable[[list[str]], int] = __import__(f"agent.cli.commands.{name}", fromlist=("main",)).main
        return main(argv)
    parser = build_group(name)
    while parser.verbs and argv:
        if argv[0].startswith("-"):
            break
        if argv[0] not in parser.verbs:
            raise unknown(argv[0], list(parser.verbs))
        parser, argv = parser.verbs[argv[0]], argv[1:]
    arguments = parser.parse_args(argv)
    run: Run | None = getattr(arguments, "run", None)
    if run is None:
        print(parser.format_help(), end="")
        return exits.USAGE
    call = Call(options, arguments)
    code = run(call)
    if call.without:
        call.note(call.without)
        return code or exits.DEGRADED
    return code


def build_group(name: str) -> Parser:
    """The parser of one group, with its verbs."""
    module: Any = __import__(f"agent.cli.commands.{name}", fromlist=("build",))
    parser = Parser(f"hydronest {name}", _(registry.summary(name)))
    module.build(parser)
    return parser


def translate_argparse() -> None:
    """argparse looks its own words up in its module's globals at each use; give it ours."""
    table = words.argparse_texts()
    vars(argparse)["_"] = lambda text: table.get(text, text)
    vars(argparse)["ngettext"] = lambda one, many, n: table.get(one if n == 1 else many, one if n == 1 else many)
