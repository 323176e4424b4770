"""What no process can be made to do on demand: held by the kernel, not to be forked."""

import errno
import os
import select
from pathlib import Path
from typing import Any

import pytest

from agent.runtime.child import Child
from agent.runtime.control_wire import LATE_S, Message, News, Say, pair, receive
from agent.supervisor import tree as module
from agent.supervisor.life import LAG_EVERY_S, STUCK_AFTER_S, Ended, Life, Spec, State
from agent.supervisor.stopping import STAGES, longest_s
from agent.supervisor.tree import Tree
from agent.supervisor.tree_file import TreeFile


def never(_child: Child) -> None:
    raise AssertionError("nobody forks this")


def alive(name: str, now_s: float) -> Life:
    """A life whose process is this test's own child, waiting to be killed."""
    pid = os.fork()
    if not pid:
        select.poll().poll()
        os._exit(0)
    life = Life(Spec(name, never, silence_s=10))
    ours, its = pair()
    its.close()
    life.begun(pid, ours, now_s)
    life.beat(now_s)
    return life


def test_one_that_the_kernel_holds_is_told_of_once_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    life = alive("core", 100.0)
    with monkeypatch.context() as held:
        held.setattr(os, "waitid", lambda *_: None)  # killed, and not gone
        assert life.watch(105.0) is None
        assert life.watch(111.0) is News.SILENT
        assert life.watch(111.0 + STUCK_AFTER_S - 1) is None
        assert life.watch(112.0 + STUCK_AFTER_S) is News.STUCK
        assert life.watch(113.0 + STUCK_AFTER_S) is None
        assert life.wait() is None
        assert (life.state, life.alive) == (State.STUCK, True), "it is not begun beside itself"
        assert life.news == Message(Say.CHILD, "core", News.STUCK, -9.0)
    while (ended := life.wait()) is None:
        pass
    assert ended == Ended(News.SILENT, -9)
    life.rest(ended, 200.0)
    assert (life.state, life.alive) == (State.WAITING, False)


@pytest.mark.parametrize(("aircraft", "pauses"), [(0, [0.5, 1, 2, 4, 8, 16, 30, 30]), (1, [0.5, 1, 2, 2, 2, 2, 2, 2])])
def test_nobody_rests_long_while_an_aircraft_is_out(aircraft: int, pauses: list[float]) -> None:
    life = Life(Spec("flight", never), born_s=100.0, extra={"aircraft_out": aircraft})
    for pause_s in pauses:
        life.rest(Ended(News.ENDED, -9), 100.0)
        assert life.due_s == 100.0 + pause_s


def test_core_hears_at_once_of_a_late_beat_and_now_and_then_of_the_worst_of_the_others() -> None:
    life = Life(Spec("uplinks", never))
    assert life.lag(0.001, 100.0) == Message(Say.LAG, "uplinks", value=0.001)
    assert life.lag(0.03, 101.0) is None
    assert life.lag(0.01, 102.0) is None
    late = LATE_S + 0.1
    assert life.lag(late, 103.0) == Message(Say.LAG, "uplinks", value=late)
    assert life.lag(0.03, 104.0) is None
    assert life.lag(0.002, 103.0 + LAG_EVERY_S) == Message(Say.LAG, "uplinks", value=0.03)
    assert life.lag(0.002, 104.0 + LAG_EVERY_S) is None, "what was told is told once"


class Trees:
    """A tree that is not run, and what it tells core."""

    def __init__(self, folder: Path, *specs: Spec) -> None:
        self.file = TreeFile(folder / "tree.json")
        self.tree = Tree(specs, self.file)

    def close(self) -> None:
        self.file.close()


def test_one_that_cannot_be_forked_is_tried_again_and_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(module, "fork", refused)
    both = Trees(tmp_path, Spec("core", never), Spec("uplinks", never, peers=("core",)))
    life = both.tree.lives["uplinks"]
    both.tree._start_due()
    both.tree._start_due()
    assert (life.state, life.restarts) == (State.WAITING, 1), "after its pause, not at once"
    assert life.last == Ended(News.NOT_BEGUN, errno.EAGAIN)
    assert "Resource temporarily unavailable" in str(life.last.reason)
    both.close()


def test_core_hears_of_a_child_it_cannot_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Trees(tmp_path, Spec("core", never), Spec("uplinks", never, peers=("core",)))
    ours, its = pair()
    core = both.tree.lives["core"]
    core.control, core.state = ours, State.RUNNING

    def refused(*_: Any) -> Any:
        raise OSError(errno.ENOMEM, "no")

    monkeypatch.setattr(module, "fork", refused)
    both.tree._start_due()
    assert receive(its) == Message(Say.CHILD, "uplinks", News.NOT_BEGUN, float(errno.ENOMEM))
    ours.close()
    its.close()
    both.close()


def test_the_bounds_of_an_end_are_summed() -> None:
    lives = {name: Life(Spec(name, never, stop_s=stop_s)) for name, stop_s in (("core", 15.0), ("flight", 10.0))}
    assert longest_s({}) == longest_s(lives) - 25
    assert STAGES.index("opcua") < STAGES.index("drain") < STAGES.index("uplinks") < STAGES.index("core")
