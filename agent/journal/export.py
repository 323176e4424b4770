"""Records as files other programs read: CSV, NDJSON or SQLite, with a manifest of what is in them and their hashes."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from agent.journal.files import JournalTrouble
from agent.journal.schema import VERSION

FORMATS = ("csv", "ndjson", "sqlite")
FORMAT_VERSION = 1
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell that is worked out begins with (OWASP, CSV injection)."""
COLUMNS = {
    "event": ("t_ms", "kind", "subject", "severity", "turn", "evidence", "boot", "seq", "err_ms"),
    "telemetry": (
        *("t_ms", "device", "point", "value", "unit", "quality", "profile"),
        *("source_ms", "backfilled", "boot", "seq", "err_ms"),
    ),
    "summary": (
        *("from_ms", "to_ms", "device", "point", "unit", "samples", "count", "min", "max", "mean", "last"),
        *("profile", "boot", "seq", "err_ms"),
    ),
}
"""Lane → columns. Times are UTC milliseconds; `err_ms` says how far they can be off, empty for unknown."""


class Export:
    """`add` rows lane by lane, then `finish`. Everything goes into the folder `home`, which must be new or empty."""

    def __init__(self, home: Path, form: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        if any(home.iterdir()):
            raise JournalTrouble("journal.not_empty", folder=str(home))
        self._home = home
        self._form = form
        self._rows = dict.fromkeys(COLUMNS, 0)
        self._damaged = 0
        self._seqs: list[int] = []
        self._files: dict[str, TextIO] = {}
        self._open = ExitStack()
        self._database: Any = None
        if form == "sqlite":
            from sqlite_utils import Database  # 60 ms and 15 MB: only here

            self._database = Database(home / "journal.sqlite")
            for priority, columns in COLUMNS.items():
                self._database[priority].create({name: _kind(name) for name in columns})

    def add(self, priority: str, rows: Sequence[dict[str, Any]], damaged: int = 0) -> None:
        """Some flat rows of one lane."""
        self._damaged += damaged
        self._rows[priority] += len(rows)
        if rows:
            self._seqs += [rows[0]["seq"], rows[-1]["seq"]]
            self._seqs = [min(self._seqs), max(self._seqs)]
        if self._database is not None:
            with self._database.atomic():
                self._database[priority].insert_all(rows, batch_size=1000)
            return
        file = self._files.get(priority)
        if file is None:
            path = self._home / f"{priority}.{self._form}"
            file = self._files[priority] = self._open.enter_context(path.open("w", encoding="utf-8", newline=""))
            if self._form == "csv":
                csv.writer(file).writerow(COLUMNS[priority])
        if self._form == "csv":
            csv.writer(file).writerows([[_cell(row[name]) for name in COLUMNS[priority]] for row in rows])
        else:
            file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)

    def finish(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Close everything and write `manifest.json`, with `about` in it; returns what it says. `SHA256SUMS` is for
        `sha256sum -c`, the manifest among its files.
        """
        self.close()
        files = []
        for path in sorted(self._home.iterdir()):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            rows = self._rows if self._form == "sqlite" else {path.stem: self._rows[path.stem]}
            files.append({"name": path.name, "bytes": path.stat().st_size, "sha256": digest, "rows": rows})
        manifest = {
            **about,
            "format": self._form,
            "format_version": FORMAT_VERSION,
            "journal_schema": VERSION,
            "columns": COLUMNS,
            "rows": self._rows,
            "first_seq": self._seqs[0] if self._seqs else None,
            "last_seq": self._seqs[-1] if self._seqs else None,
            "damaged_records_left_out": self._damaged,
            "files": files,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self._home / "manifest.json").write_text(text + "\n", encoding="utf-8")
        whole = hashlib.sha256((text + "\n").encode()).hexdigest()
        sums = [*((file["sha256"], file["name"]) for file in files), (whole, "manifest.json")]
        lines = "".join(f"{digest}  {name}\n" for digest, name in sums)
        (self._home / "SHA256SUMS").write_text(lines, encoding="utf-8")
        return manifest

    def close(self) -> None:
        """Let go of every file."""
        self._open.close()
        if self._database is not None:
            self._database.conn.close()
            self._database = None


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as a text, by the apostrophe they all know."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _kind(column: str) -> type:
    if column.endswith("_ms") or column in ("seq", "samples", "count", "backfilled"):
        return int
    return float if column in ("value", "min", "max", "mean", "last") else str
