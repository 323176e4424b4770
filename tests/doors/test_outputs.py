"""What a stranger wrote, on its way out: a terminal and a spreadsheet show it, and do nothing with it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.terminal import json_line
from agent.journal.export import COLUMNS, Export

HARM = "=cmd|'/c calc'!A1"


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x1b[2J", "\x9b31m", "\u200b", "\x7f", "\u2028", "\U000e0041"])
def test_json_shows_a_mark_that_steers_as_its_escape(mark: str) -> None:
    line = json_line({"\u706b" + mark: [mark, "\u706b"]})
    assert line.isprintable()
    assert json.loads(line) == {"\u706b" + mark: [mark, "\u706b"]}
    assert "\u706b" in line, "what can be read stays as it is"


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_answer_is_printable_and_the_same(value: Any) -> None:
    line = json_line(value)
    assert line.isprintable()
    assert json.loads(line) == value


@pytest.mark.parametrize("text", [HARM, "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_cell_of_a_csv_file_is_no_formula(tmp_path: Path, text: str) -> None:
    for form in ("csv", "ndjson"):
        row = dict.fromkeys(COLUMNS["telemetry"], text) | {"value": -3.5, "seq": 1}
        export = Export(tmp_path / form, form)
        export.add("telemetry", [row])
        export.finish({})
    with (tmp_path / "csv/telemetry.csv").open(encoding="utf-8", newline="") as file:
        (read,) = csv.DictReader(file)
    assert read["device"] == "'" + text
    assert (read["value"], read["seq"]) == ("-3.5", "1")
    assert json.loads((tmp_path / "ndjson/telemetry.ndjson").read_text("utf-8"))["device"] == text
