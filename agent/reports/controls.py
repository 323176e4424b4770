"""config/controls: what 等保 2.0, IEC 62443-4-2 and the plan's 五防 ask for, what answers it, the test that holds it.

`python -m agent.reports.controls` writes the tables of docs/security.md anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from drivers.profile.toml import TomlText

FOLDER = Path(__file__).parents[2] / "config/controls"
ORDER = ("dengbao-3", "iec62443-4-2-sl2", "five-guards")
BEGIN = "<!-- made from config/controls by `python -m agent.reports.controls`; do not edit -->"
END = "<!-- end of what is made from config/controls -->"
OPEN = "—"


class Control(NamedTuple):
    """A line. Without a `test` it is open, and then nothing is named that answers it."""

    clause: str
    en: str
    zh: str
    where: str
    test: str

    @property
    def open(self) -> bool:
        """Whether no test holds it."""
        return not self.test


class Standard(NamedTuple):
    """One of the three."""

    name: str
    title: str
    zh_title: str
    controls: tuple[Control, ...]


def standards() -> Iterator[Standard]:
    """Each as it is shipped. A line that names its test alone says what the line before with that test says."""
    said: dict[str, dict[str, str]] = {}
    for file in ORDER:
        tables = TomlText(FOLDER / f"{file}.toml").tables or {}
        lines = [said.get(one.get("test", ""), {}) | one for one in tables["control"]]
        said |= {one["test"]: one for one in lines if one.get("test")}
        controls = tuple(
            Control(one["clause"], one["en"], one["zh"], one.get("in", ""), one.get("test", "")) for one in lines
        )
        yield Standard(tables["standard"], tables["title"], tables["zh_title"], controls)


def rendered() -> str:
    """What stands between the marks."""
    lines = [BEGIN]
    for standard in standards():
        lines += ["", f"### {standard.title}", "", "| clause | control | in | held by |", "|---|---|---|---|"]
        for one in standard.controls:
            where, test = ("", OPEN) if one.open else (f"`{one.where}`", f"`{one.test}`")
            lines.append(f"| {one.clause} | {one.en} | {where} | {test} |".replace("|  |", "| |"))
    return "\n".join([*lines, "", END])


def put_into(text: str) -> str:
    """The document with its made part renewed."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{rendered()}{rest.partition(END)[2]}"


if __name__ == "__main__":
    document = FOLDER.parents[1] / "docs/security.md"
    document.write_text(put_into(document.read_text(encoding="utf-8")), encoding="utf-8")
