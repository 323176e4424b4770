"""Cells: Chinese takes two, tables keep their columns, and nothing ambiguous is ever printed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import curve, show, words
from agent.cli.table import Column, lines, text_of
from agent.cli.terminal import cells, clip, fit, paint, wrap
from agent.control.server import ControlServer
from tests.cli.conftest import Hydronest
from tests.cli.test_texts import CATALOGUES, marked

TEXTS = st.text(st.sampled_from("abc 中文水压MPa，。e\u0301-8⣿"), max_size=30)


def ambiguous(text: str) -> set[str]:
    """Characters that many Chinese terminals draw two cells wide and others one."""
    return {char for char in text if unicodedata.east_asian_width(char) == "A"}


def test_chinese_takes_two_cells_and_marks_none() -> None:
    assert cells("水压 MPa") == 8
    assert cells("⣿⡀") == 2
    assert cells("e\u0301") == 1
    assert cells("，") == 2


@given(TEXTS, st.integers(0, 40), st.booleans())
def test_fit_takes_exactly_its_cells(text: str, width: int, right: bool) -> None:
    fitted = fit(text, width, right)
    assert cells(fitted) == width
    if cells(text) <= width:
        assert fitted.strip() == text.strip()


@given(TEXTS, st.integers(10, 40))
def test_wrapping_keeps_within_the_width_and_loses_nothing(text: str, width: int) -> None:
    wrapped = wrap(text, width)
    assert "".join("".join(wrapped).split()) == "".join(text.split())
    longest = max((cells(word) for word in text.split()), default=0)
    assert all(cells(line) <= max(width, longest) for line in wrapped)


def test_a_styled_line_is_cut_by_its_cells_and_keeps_its_styles() -> None:
    line = paint("报警", "alarm", True) + " h01 " + paint("正常", "good", True)
    assert clip(line, 40) == line
    assert clip(line, 6) == paint("报警", "alarm", True) + " h" + paint(" ", "good", True).replace(" ", "")
    assert clip("正常", 3) == "正"


def test_chinese_is_wrapped_between_characters() -> None:
    assert wrap("检查设置一次列出所有文件的全部错误", 10) == ["检查设置一", "次列出所有", "文件的全部", "错误"]


ROWS = st.lists(st.fixed_dictionaries({"id": TEXTS, "name": TEXTS, "more": TEXTS}), max_size=6)
COLUMNS = [Column("id", "编号"), Column("name", "名称", priority=2, right=True), Column("more", "其他", priority=1)]


@given(ROWS, st.integers(12, 90))
def test_no_line_is_wider_than_the_terminal(rows: list[dict[str, str]], width: int) -> None:
    found = lines(COLUMNS, rows, width)
    assert len(found) == len(rows) + 1
    assert all(cells(line) <= width for line in found)


def test_columns_stand_under_each_other_with_chinese() -> None:
    rows = [{"id": "h1", "name": "衢江路12号", "more": "x"}, {"id": "信安湖", "name": "a", "more": "y"}]
    assert lines(COLUMNS, rows, None) == [
        "编号          名称  其他",
        "h1      衢江路12号  x",
        "信安湖           a  y",
    ]


def test_the_least_important_column_goes_first() -> None:
    rows = [{"id": "h01", "name": "n" * 20, "more": "m" * 20}]
    assert lines(COLUMNS, rows, 60)[0].split() == ["编号", "名称", "其他"]
    assert lines(COLUMNS, rows, 30)[0].split() == ["编号", "其他"]
    assert lines(COLUMNS, rows, 12)[0].split() == ["编号"]


def test_what_a_device_sends_cannot_move_the_cursor() -> None:
    assert "\033" not in "".join(lines([Column("id", "id")], [{"id": "\033[2Jh\r\n01"}], 40))


def test_values_as_text() -> None:
    assert [text_of(v) for v in (None, 0.1 + 0.2, ["a", 1], True, 12)] == ["", "0.3", "a, 1", "True", "12"]


def test_paint_only_where_wanted() -> None:
    assert paint("x", "alarm", False) == "x"
    assert paint("x", "", True) == "x"
    assert paint("x", "alarm", True) == "\033[1;31mx\033[0m"


def test_no_text_of_ours_has_a_width_nobody_knows() -> None:
    texts = [text for table in CATALOGUES.values() for pair in table.items() for text in pair]
    texts += [text for found in marked().values() for text in found]
    assert {text: ambiguous(text) for text in texts if ambiguous(text)} == {}


async def test_no_screen_of_ours_has_one_either(hydronest: Hydronest, server: ControlServer) -> None:
    for line in (["status"], ["hydrant", "list"], ["hydrant", "show", "h01"], ["--help"], ["watch", "--count", "1"]):
        for lang in ("zh", "en"):
            ran = await hydronest(*line, lang=lang)
            assert ambiguous(ran.out) == set(), line


def without_names(shown: str) -> str:
    return shown.replace("衢江路1号", "").replace("柯城站", "")


async def test_ascii_means_ascii(hydronest: Hydronest, server: ControlServer) -> None:
    words.use("en")
    shown = (await hydronest("hydrant", "show", "h01", "--ascii")).out
    assert "320" not in shown.splitlines()[0]
    assert without_names(shown).isascii()
    assert not without_names((await hydronest("hydrant", "show", "h01")).out).isascii()


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=80), st.integers(1, 40), st.integers(1, 8), st.booleans())
def test_a_curve_fills_its_room_and_no_more(
    values: list[float | None], width: int, height: int, ascii_only: bool
) -> None:
    assert all(cells(line) == width for line in curve.plot(values, width, height))
    line = curve.spark(values, width, ascii_only)
    assert cells(line) == width
    assert line.isascii() or not ascii_only


def test_a_curve_rises_with_its_values_and_shows_gaps() -> None:
    assert curve.spark([0, 1, 2, 3], 2) == "⣠⣾"
    assert curve.spark([5.0] * 4, 2) == "⣤⣤"
    assert curve.spark([None, None, 1.0, 1.0], 2)[0] == " "
    assert curve.spark([], 3) == "   "
    assert curve.spark([0.0, 0.0, 0.0, 5.0], 2, floor=0) == "⣀⣸"
    assert curve.spark([0.0] * 4, 2, floor=0) == "⣀⣀"
    assert curve.plot([0, 1], 1, 2) == ["⢸", "⣸"]


def test_noise_is_not_drawn_as_a_storm() -> None:
    assert len(set(curve.spark([300.0, 300.1, 300.05, 299.9] * 4, 8))) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (416.83, "416.8"),
        (77.912, "77.9"),
        (72.0, "72.0"),
        (3.581, "3.58"),
        (0.1449, "0.145"),
        (0.0, "0.0"),
        (-71, "-71"),
        (1.5e7, "1.5e+07"),
        (True, "yes"),
        ((), "-"),
        (("cap_open", "leak"), "cap open, leak"),
        ("normal", "normal"),
        (None, ""),
    ],
)
def test_readings_have_the_decimals_that_matter(value: object, shown: str) -> None:
    words.use("en")
    assert show.number(value) == shown
