"""The entry point `hydronest`: finds the named group, imports that alone, and never shows anyone a traceback."""

from __future__ import annotations

import os
import sys

from agent.cli import exits, registry, words
from agent.cli.globals import Globals, language_wish, take
from agent.cli.trouble import Trouble, unknown
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def main(argv: list[str] | None = None) -> int:
    """Run one command line; returns the exit code. Without `argv` it is the process's own."""
    if argv is None:
        argv = sys.argv[1:]
        sys.excepthook = _mistake_of_ours
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # closed by whoever started us
            _discard(number)
            setattr(sys, name, os.fdopen(number, "w"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # whatever the locale says: see docs/cli.md
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # a terminal set to GBK is told so, and ends nothing
    as_json = "--json" in argv
    words.use(words.choose(language_wish(argv), os.environ))
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except Trouble as trouble:
        code = _say(trouble, as_json)
    except BrokenPipeError:
        _discard(1)
        code = exits.BROKEN_PIPE
    except OSError as error:
        if error.filename is None:
            _discard(1)  # a full disk, most likely
        from agent.cli.reasons import in_words
        from protocols.system import file_reason, os_reason

        why = file_reason(error.filename, error) if error.filename else os_reason(error)
        code = _say(Trouble(exits.CANNOT_WRITE, in_words(why), reason=why), as_json)
    except KeyboardInterrupt:
        code = exits.INTERRUPTED
    return code


def _hand_on(options: Globals) -> None:
    """A program of its own learns of the options before its name from the environment, as it would from a shell."""
    if options.lang is not None:
        os.environ["HYDRONEST_LANG"] = options.lang
    if options.no_color:
        os.environ["NO_COLOR"] = "1"


def _discard(number: int) -> None:
    """Send a standard stream nowhere, or the interpreter complains once more when it flushes at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _dispatch(argv: list[str]) -> int:
    at = next((i for i, word in enumerate(argv) if word in registry.VERBATIM), None)
    if at is not None and not take(argv[:at])[1]:  # nothing but global options before it
        found, rest = take(argv[:at])
        _hand_on(found)
        rest = [argv[at], *[word for word in argv[:at] if word in ("--json", "--ascii")], *argv[at + 1 :]]
    else:
        found, rest = take(argv)
    if not rest:
        from agent.cli.front import no_command

        return no_command(found)
    name = rest[0]
    if name in ("-h", "--help", "help") and not (name == "help" and len(rest) > 1):
        from agent.cli.front import top_page

        sys.stdout.write(top_page())
        return exits.OK
    if name == "help":
        name, rest = rest[1], [*rest[1:], "--help"]
    if name in ("--version", "version"):
        from agent.cli.front import version

        sys.stdout.write(f"hydronest {version()}\n")
        return exits.OK
    if name not in registry.names():
        raise unknown(name, registry.names())
    from agent.cli.command import run_group

    return run_group(name, rest[1:], found)


def _say(trouble: Trouble, as_json: bool) -> int:
    if as_json:
        from agent.cli.terminal import json_line

        sys.stderr.write(json_line(trouble.as_json()) + "\n")
    else:
        sys.stderr.write(f"hydronest: {trouble.message}\n")
        if trouble.next_step:
            sys.stderr.write(f"  {trouble.next_step}\n")
    return trouble.code


def _mistake_of_ours(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Replaces Python's traceback, which only -vv asks for: one sentence with the place, for a report."""
    if "-vv" in sys.argv:
        sys.__excepthook__(kind, error, trace)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    told = _("this is a mistake in hydronest itself, not yours: {error}, at {place}")
    sys.stderr.write(f"hydronest: {told.format(error=f'{kind.__name__}: {error}', place=place)}\n")
    sys.stderr.write("  " + _("Please report this line together with the command you typed.") + "\n")
    sys.stderr.flush()
    os._exit(exits.BUG)
