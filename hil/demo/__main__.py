"""`python -m hil.demo`, which `hydronest demo` becomes."""

import contextlib
import json
import logging
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from agent.cli import exits, nests, terminal, words
from agent.cli.command import Parser, translate_argparse
from agent.cli.globals import language_wish
from agent.cli.trouble import Trouble
from hil.broker.mosquitto import mosquitto_path
from hil.demo import interrupt
from hil.demo.account import Account
from hil.demo.layout import DemoLayout
from hil.demo.live import Live, judged_of, story_of
from hil.demo.texts import say
from protocols.reason import Reason, sentence
from protocols.system import os_reason

PLAIN_EVERY_S = 5.0
ABOUT = (
    "A whole town in simulation: its water, twelve hydrants on a wire, a drone nest, a fire, and the real agent "
    "reading and sending it all to a platform. At the end the account says whether anything was lost. No hardware, "
    "no root."
)


def main(argv: list[str]) -> int:
    """0 when nothing was lost, 1 when something was, 130 after Ctrl-C (with the account, if there was time)."""
    try:
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, {signal.SIGINT}
        )  # held back by `hydronest demo` while we were loaded
        return _main(argv)
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _main(argv: list[str]) -> int:
    language = words.choose(language_wish(argv), os.environ)
    words.use(language, "watch")
    translate_argparse()
    parser = Parser("hydronest demo", say(language, ABOUT))
    for option, text in (
        ("--plain", "lines instead of the live screen"),
        ("--ascii", "no braille curves"),
        ("--no-color", "no colours"),
        ("--json", "the account as JSON"),
    ):
        parser.add_argument(option, action="store_true", help=say(language, text))
    parser.add_argument("--lang", choices=words.LANGUAGES, help=say(language, "the language"))
    until = say(language, "end by itself: 60s, 2m; Ctrl-C otherwise")
    parser.add_argument("--for", dest="until", default="", metavar="TIME", help=until)
    keep = say(language, "leave everything in DIR instead of a temporary folder")
    parser.add_argument("--keep", type=Path, metavar="DIR", help=keep)
    try:
        told = parser.parse_args(argv)
    except Trouble as trouble:
        _note(f"hydronest: {trouble.message}\n  {trouble.next_step}")
        return trouble.code
    if told.keep is not None and (why := _unusable(told.keep)):
        _note(say(language, "--keep: {folder}: {why}", folder=told.keep, why=sentence(why, language)))
        return exits.CANNOT_WRITE
    until_s = _seconds(told.until)
    if told.until and until_s is None:
        sys.stderr.write(say(language, "--for: write a time such as 60s or 2m, not {text}", text=told.until) + "\n")
        return exits.USAGE
    interrupt.heed()
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the nest's PLC is pymodbus's server: it logs each cut
    with contextlib.ExitStack() as held:
        folder = told.keep or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="hydronest-demo-")))
        stage = DemoLayout(folder.resolve())
        held.callback(_undisturbed, stage.close)
        _note(say(language, "Setting up a town: water, twelve hydrants, a broker, a platform ..."))
        if mosquitto_path() is None:
            text = "mosquitto is not installed: an embedded broker (amqtt, MQTT 3.1.1) stands in for it"
            _note(say(language, text))
        try:
            stage.start()
        except (OSError, RuntimeError, TimeoutError) as error:
            _note(say(language, "the world fell over: {why}", why=str(error) or type(error).__name__))
            return exits.CANNOT_WRITE
        command = f"hydronest --socket {stage.socket} status"
        _note(say(language, "a second terminal can ask it:  {command}", command=command))
        live = not told.plain and sys.stdout.isatty() and sys.stdin.isatty()
        code = exits.OK
        try:
            if live:
                colour = not told.no_color and terminal.colour_wanted(sys.stdout, told.no_color)
                Live(stage, language, until_s, colour=colour, ascii_only=told.ascii).run()
            else:
                _plain(stage, language, until_s)
        except KeyboardInterrupt:
            code = exits.INTERRUPTED
        _note(say(language, "waiting until everything has arrived ..."))
        account = stage.finish()
    for line in [json.dumps(asdict(account))] if told.json else table(account, language):
        sys.stdout.write(line + "\n")
    if account.lost:
        _note(say(language, "ended with {lost} lost: that must not be", lost=account.lost))
        return exits.DEGRADED
    return code


def table(account: Account, language: str) -> Iterator[str]:
    """The account, a line each."""
    rows = (
        ("values read from the sensors", account.read),
        ("worth keeping, committed to SQLite", account.committed),
        ("forwarded and confirmed", account.committed - account.lost),
        ("received by the platform", account.received),
        ("events among them", account.events),
        ("repeats dropped by the receiver's rule", account.repeats),
        ("agent killed", account.kills),
        ("lost", account.lost),
    )
    yield say(language, "The account")
    wide = max(terminal.cells(say(language, text)) for text, _ in rows)
    for text, count in rows:
        yield f"  {terminal.fit(say(language, text), wide)}  {count:>8}"


def _plain(stage: DemoLayout, language: str, until_s: float | None) -> None:
    end = None if until_s is None else time.monotonic() + until_s
    while end is None or time.monotonic() < end:
        figures = [f"{one['id']}  {nests.phase(one)}  {nests.told(one)}" for one in stage.nests]
        said = (story_of(stage, language), *figures, judged_of(stage, language))
        told = "  |  ".join(text for text in said if text)
        sys.stdout.write(f"{stage.elapsed_s:5.0f} s  {told}\n")
        sys.stdout.flush()
        interrupt.wait(PLAIN_EVERY_S if end is None else max(0.0, min(PLAIN_EVERY_S, end - time.monotonic())))


def _seconds(text: str) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else None


def _unusable(folder: Path) -> Reason | None:
    """Why nothing can be kept there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return os_reason(error)
    return None if os.access(folder, os.W_OK) else Reason("errno.EACCES")


def _undisturbed(close: Callable[[], None]) -> None:
    """Another Ctrl-C is late: what was set up comes down first."""
    interrupt.ignore()
    close()


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
