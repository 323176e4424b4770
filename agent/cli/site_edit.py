"""One device of the site file changed where it stands, or added: every other letter stays as somebody wrote it."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from copy import deepcopy

from agent.cli import exits
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, language
from drivers.profile.mistake import Mistake
from drivers.profile.toml import TomlText
from protocols.system import os_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Self

    from agent.settings.settings import Settings

_VALUE = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^#"'])*""")
"""What stands behind `key =` on its line, as far as a remark."""


class SiteEdit:
    """`with` it; nothing is in the file before `put`. Raises Trouble for what cannot be read, or not be written."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        if not self.path.exists():
            told = _("there is no site file {file}").format(file=path)
            raise Trouble(exits.BAD_SETTINGS, told, _("Name it with --site, or start the agent."))
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            told = _("nothing can be written into {folder}").format(folder=self.path.parent)
            raise Trouble(exits.NO_PERMISSION, told, _("Try it with sudo."))
        self._before = self.path.read_bytes()
        self._beside = self.path.with_name(f".{self.path.name}.edited")
        self._toml = TomlText(self.path)
        if self._toml.tables is None or self._toml.mistakes:
            raise _mistakes(path)
        self._wanted = deepcopy(self._toml.tables)
        self.doubts: list[Mistake] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(FileNotFoundError):
            self._beside.unlink()

    @property
    def kept(self) -> Path:
        """Where the file of before lies, once it is `put`."""
        return self.path.with_name(f"{self.path.name}.before")

    @property
    def datum(self) -> str:
        """Of every place in the file that names none."""
        return str(self._wanted.get("gateway", {}).get("datum", "wgs84"))

    def device(self, name: str) -> dict[str, Any]:
        """The entry of this id, as it is to be. Raises Trouble where there is none."""
        found: dict[str, Any] = self._wanted["devices"][self._index(name)]
        return found

    def _index(self, name: str) -> int:
        ids = [entry.get("id") for entry in self._wanted.get("devices", ()) if isinstance(entry, dict)]
        if name not in ids:
            from difflib import get_close_matches

            near = get_close_matches(name, [one for one in ids if isinstance(one, str)], n=1, cutoff=0.5)
            advice = _("Did you mean {near}?").format(near=near[0]) if near else ""
            raise Trouble(
                exits.BAD_DATA, _("there is no device {id} in {file}").format(id=name, file=self.path), advice
            )
        return ids.index(name)

    def set(self, name: str, key: str, value: Any) -> None:
        """Write `key` of one device; None takes it out. Raises Trouble where only a person can."""
        index = self._index(name)
        entry = self._wanted["devices"][index]
        there = key in entry
        entry.pop(key, None)
        if value is not None:
            entry[key] = value
        rows = self._toml.text.split("\n")
        at = self._toml.line(("devices", index, key if there else "id"))
        if at is None:
            raise self._by_hand(name, key, value)
        if not there and value is not None:
            indent = rows[at - 1][: len(rows[at - 1]) - len(rows[at - 1].lstrip())]
            rows.insert(at, f"{indent}{key} = {_toml(value)}")
        elif there and value is not None:
            rows[at - 1] = _with_value(rows[at - 1], value)
        elif there:
            del rows[at - 1]
        self._toml = TomlText(self.path, "\n".join(rows))
        if self._toml.tables != self._wanted:  # it is written some other way: over several lines, as a table of its own
            raise self._by_hand(name, key, value)

    def add(self, entry: dict[str, Any]) -> None:
        """Write one more device behind everything. Raises Trouble where only a person can."""
        self._wanted.setdefault("devices", []).append(dict(entry))
        rows = "".join(f"{key} = {_toml(value)}\n" for key, value in entry.items())
        text = self._toml.text
        self._toml = TomlText(self.path, f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n[[devices]]\n{rows}")
        if self._toml.tables != self._wanted:
            raise self._by_hand(str(entry.get("id")), "devices", entry)

    def _by_hand(self, name: str, key: str, value: Any) -> Trouble:
        told = _("{key} of {id} is written in {file} in a way that only an editor can change")
        write = _("Write it there: {row}") if value is not None else _("Take it out there: {row}")
        row = key if value is None else f"{key} = {_toml(value)}"
        return Trouble(exits.BAD_SETTINGS, told.format(key=key, id=name, file=self.path), write.format(row=row))

    def check(self) -> Settings:
        """The settings as they would be; `doubts` are then those that were not there before. Raises Trouble."""
        from agent.settings.load import check

        old, before = check(self.path)
        if old is None:
            raise _mistakes(self.path)
        self._write()
        settings, found = check(self._beside)
        found = [one._replace(file=self.path) if one.file == self._beside else one for one in found]
        if settings is None:
            told = "\n".join(one.text(language()) for one in found if not one.doubtful)
            raise Trouble(exits.BAD_SETTINGS, told, _("nothing was changed"))
        known = {(one.what, one.where) for one in before}
        self.doubts = [one for one in found if (one.what, one.where) not in known]
        return settings

    def put(self) -> None:
        """Let it take the file's place, and keep that of before beside it. Raises Trouble."""
        from agent.runtime.durable import put, write_whole

        if self.path.read_bytes() != self._before:
            told = _("{file} was changed by somebody else meanwhile").format(file=self.path)
            raise Trouble(exits.TRY_AGAIN, told, _("nothing was changed"))
        try:
            write_whole(self.kept, self._before)
            self._as_the_old(self.kept)
            put(self._beside, self.path)
        except OSError as error:
            raise self._unwritten(error) from None

    def _write(self) -> None:
        text = self._toml.text
        if b"\r\n" in self._before:
            text = text.replace("\n", "\r\n")
        head = b"\xef\xbb\xbf" if self._before.startswith(b"\xef\xbb\xbf") else b""
        try:
            self._beside.unlink(missing_ok=True)
            self._beside.write_bytes(head + text.encode())
            self._as_the_old(self._beside)
        except OSError as error:
            raise self._unwritten(error) from None

    def _as_the_old(self, file: Path) -> None:
        """Readable for whom the old one is. Raises OSError."""
        was = self.path.stat()
        if os.geteuid() == 0:
            os.chown(file, was.st_uid, was.st_gid)
        file.chmod(was.st_mode & 0o777)

    def _unwritten(self, error: OSError) -> Trouble:
        told = _("{file} could not be written: {why}")
        return Trouble(exits.CANNOT_WRITE, told.format(file=self.path, why=in_words(os_reason(error))))


def _mistakes(path: Path) -> Trouble:
    told = _("{file} has mistakes").format(file=path)
    return Trouble(exits.BAD_SETTINGS, told, _("See them: {command}").format(command=f"hydronest check {path}"))


def _with_value(row: str, value: Any) -> str:
    """The row with another value, its remark where it was."""
    head, equals, rest = row.partition("=")
    found = _VALUE.match(rest)
    end = found.end() if found else len(rest)
    was, remark = rest[:end], rest[end:]
    new = f" {_toml(value)}"
    return f"{head}{equals}{new.ljust(max(len(was), len(new) + 2)) if remark else new}{remark}"


def _toml(value: Any) -> str:
    """A word, a number, or a table of these on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
