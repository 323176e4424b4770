"""The options every command takes, before or after its name."""

from __future__ import annotations

import os

from agent.cli import exits
from agent.cli.trouble import Trouble
from agent.cli.words import _

SITE_FILE = "/etc/hydronest/hydronest.toml"
DEFAULT_SOCKET = "/var/lib/hydronest/control.sock"
_SWITCHES = {"--json": "json", "--ascii": "ascii", "--no-color": "no_color", "--wide": "wide"}
_VALUES = {"--fields": "fields", "--lang": "lang", "--socket": "socket", "--timeout": "timeout"}
OPTIONS = (*_SWITCHES, *_VALUES, "-v", "-q")


class Globals:
    """The global options of one command line. `timeout` is in seconds; `fields` is empty for all."""

    def __init__(self) -> None:
        self.json = False
        self.ascii = False
        self.no_color = False
        self.wide = False
        self.fields: tuple[str, ...] = ()
        self.lang: str | None = None
        self.socket = os.environ.get("HYDRONEST_SOCKET") or DEFAULT_SOCKET
        self.timeout = 10.0
        self.verbose = 0
        self.quiet = False


def language_wish(argv: list[str]) -> str | None:
    """What --lang says, needed before the first sentence can be spoken."""
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word == "--lang" and at + 1 < len(argv):
            return argv[at + 1]
        if word.startswith("--lang="):
            return word[7:]
    return None


def take(argv: list[str]) -> tuple[Globals, list[str]]:
    """Split a command line into the global options and the rest, which keeps its order. Raises Trouble (usage)."""
    got, rest = Globals(), []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word in _SWITCHES:
            setattr(got, _SWITCHES[word], True)
        elif name in _VALUES:
            if not equals:
                found = next(words, None)
                if found is None:
                    raise Trouble(exits.USAGE, _("{option} needs a value").format(option=name))
                value = found
            _store(got, name, value)
        elif word in ("-v", "-vv"):
            got.verbose += len(word) - 1
        elif word == "-q":
            got.quiet = True
        else:
            rest.append(word)
    return got, rest


def _store(got: Globals, name: str, value: str) -> None:
    if name == "--timeout":
        try:
            got.timeout = float(value)
        except ValueError:
            got.timeout = 0.0
        if not 0 < got.timeout < 1e6:
            raise Trouble(exits.USAGE, _("--timeout: {value} is not a number of seconds above 0").format(value=value))
    elif name == "--fields":
        got.fields = tuple(field.strip() for field in value.split(",") if field.strip())
    elif name == "--lang" and value.replace("-", "_").partition("_")[0].lower() not in ("zh", "en"):
        raise Trouble(exits.USAGE, _("--lang: {value} is not a language here; use zh or en").format(value=value))
    else:
        setattr(got, _VALUES[name], value)
