"""What a command does through its Call: asking first, progress, remarks."""

import argparse
import io

import pytest

from agent.cli import exits, words
from agent.cli.call import Call
from agent.cli.globals import Globals
from agent.cli.progress import Progress
from agent.cli.trouble import Trouble


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def call() -> Call:
    words.use("en")
    return Call(Globals(), argparse.Namespace())


def on_terminal(monkeypatch: pytest.MonkeyPatch, typed: str = "") -> Terminal:
    """Standard input and error as terminals; called inside the test, since pytest sets both between the phases."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    return stream


def test_yes_beforehand_asks_nothing(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = on_terminal(monkeypatch)
    call.confirm("Open the cover?", yes=True)
    assert errors.getvalue() == ""


@pytest.mark.parametrize(
    ("typed", "goes_on"), [("yes\n", True), ("是\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_only_a_yes_is_a_yes(call: Call, monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool) -> None:
    errors = on_terminal(monkeypatch, typed)
    if goes_on:
        call.confirm("Open the cover?", yes=False)
    else:
        with pytest.raises(Trouble) as no:
            call.confirm("Open the cover?", yes=False)
        assert no.value.code == exits.DEGRADED
    assert errors.getvalue() == "Open the cover? [yes/no] "


def test_a_script_must_say_yes_itself(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(Trouble) as no:
        call.confirm("Open the cover?", yes=False)
    assert (no.value.code, "--yes" in no.value.next_step) == (exits.USAGE, True)


def test_a_bar_grows_and_wipes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = on_terminal(monkeypatch)
    with Progress(4, "扫描", ascii_only=True) as bar:
        for unit in range(4):
            bar.step(detail=f"unit {unit}")
    written = errors.getvalue()
    assert "扫描 ....................   0%" in written
    assert "扫描 #################### 100% unit 3" in written
    assert written.endswith("\r\033[K")


def test_a_bar_follows_work_that_counts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = on_terminal(monkeypatch)
    with Progress(1, "checking", ascii_only=True) as bar:
        bar.reach(500, 1000)
        bar.reach(2000, 2000)
    assert "checking #################### 100%" in errors.getvalue()


def test_no_bar_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = on_terminal(monkeypatch)
    with Progress(4, "scan", quiet=True) as bar:
        bar.step()
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with Progress(4, "scan") as bar:
        bar.step()
    assert errors.getvalue() == pipe.getvalue() == ""


def test_remarks_are_silent_with_q(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = on_terminal(monkeypatch)
    call.note("by the way")
    call.options.quiet = True
    call.note("never")
    assert errors.getvalue() == "by the way\n"
