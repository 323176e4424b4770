"""What was answered and proven so far, kept beside the site file: who was called away goes on where he stopped."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from agent.cli import exits
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.runtime.durable import write_whole
from protocols.system import os_reason


class Proof(NamedTuple):
    """One device as it was commissioned. `gauge` and `shown` are in `unit`; None: nobody held a gauge to it.

    `at` is a time as written here; `photo` a file's name, `digest` its SHA-256; `agrees` None without a gauge.
    """

    id: str
    name: str
    place: str
    line: str
    address: str
    profile: str
    point: str
    shown: float | None
    gauge: float | None
    unit: str
    agrees: bool | None
    by: str
    at: str
    photo: str = ""
    digest: str = ""


class Notes:
    """`draft` holds the answers of the device that is not finished, by question; `done` what is, newest last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by = ""
        self.draft: dict[str, str] = {}
        self.done: list[Proof] = []

    def save(self) -> None:
        """Onto the disk. Raises Trouble."""
        told = {"by": self.by, "draft": self.draft, "done": [one._asdict() for one in self.done]}
        try:
            write_whole(self.path, json.dumps(told, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            told_of = _("{file} could not be written: {why}").format(file=self.path, why=in_words(os_reason(error)))
            raise Trouble(exits.CANNOT_WRITE, told_of, _("Try it with sudo.")) from None

    def keep(self, question: str, text: str) -> None:
        """One answer of the draft."""
        self.draft[question] = text
        self.save()

    def finish(self, proof: Proof) -> None:
        """The draft is done; what was proven of this device before counts no more."""
        self.done = [*(one for one in self.done if one.id != proof.id), proof]
        self.draft = {}
        self.save()


def beside(site: Path) -> Path:
    """Where the notes of a site file lie."""
    return site.with_name(f"{site.stem}.commission.json")


def read(path: Path) -> Notes:
    """The notes that are there; none yet are empty ones. Raises Trouble for what is not ours."""
    notes = Notes(path)
    try:
        told: Any = json.loads(path.read_bytes())
        notes.by, notes.draft = str(told["by"]), {str(key): str(text) for key, text in told["draft"].items()}
        notes.done = [Proof(**one) for one in told["done"]]
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Trouble(
            exits.BAD_DATA,
            _("{file} is not what this command wrote").format(file=path),
            _("Move it away to begin anew."),
        ) from None
    return notes
