"""The supervisor against children that end, hang, go mad, are killed; its own stops and its own death."""

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from agent.supervisor.tree_file import Taken, TreeFile, read_tree
from hil.processes import lives
from tests.supervisor.running import Running
from tests.waiting import scaled, soon


def test_children_begin_with_channels_to_each_other_and_tree_json_says_so(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "opcua=works,core") as tree:
        tree.until_running("core", "uplinks", "opcua")
        soon("core hears both", lambda: {"uplinks", "opcua"} <= {words[0] for words in tree.words("core", "heard")})
        soon("uplinks hears core", lambda: tree.words("uplinks", "heard"))
        assert tree.words("uplinks", "heard") == [["core", "core"]], "nobody talks but to its peers"
        for entry in tree.tree().values():
            assert lives(entry["pid"])
            assert entry["state"] == "running"
            assert (entry["restarts"], entry["last_reason"]) == (0, None)
        assert Path(f"/proc/{tree.pid('core')}/stat").read_text().split()[3] == str(tree.process.pid)


def test_it_forks_with_one_thread_and_a_child_has_nothing_of_anothers(tmp_path: Path) -> None:
    """Its own control socket, its channels, the standard streams: nothing else is open in it."""
    with Running(tmp_path, "core=works", "uplinks=works,core", "opcua=works,core", "flight=works,core") as tree:
        tree.until_running("core", "uplinks", "opcua", "flight")
        for child, sockets in (("core", 1), ("uplinks", 2), ("opcua", 2), ("flight", 2)):
            ((threads, group, *descriptors),) = tree.words(child, "begun")
            assert threads == "threads=1"
            assert group == f"group={tree.pid(child)}", "Ctrl-C in a terminal is not its"
            assert " ".join(descriptors).count("'socket'") == sockets, child
            assert "pidfd" not in " ".join(descriptors)
        assert len(list(Path(f"/proc/{tree.process.pid}/task").iterdir())) == 1


def test_a_fork_with_a_thread_is_refused(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", THREAD="1") as tree:
        assert tree.ended() != 0
        assert "a fork with threads" in tree.log
        assert tree.said("core") == []


def test_a_child_that_ends_begins_anew_for_ever_with_growing_pauses(tmp_path: Path) -> None:
    with Running(tmp_path, "core=ends", FIRST_PAUSE_S="0.1", LONGEST_PAUSE_S="0.8") as tree:
        began: list[float] = []

        def seen() -> int:
            while len(began) < len(tree.words("core", "ends")):
                began.append(time.monotonic())
            return len(began)

        soon("it ended eight times", lambda: seen() >= 8, 30, seen)
        soon("it is told", lambda: tree.tree()["core"]["restarts"] >= 7)
        assert tree.tree()["core"]["last_reason"] == {"code": "process.exited", "facts": {"status": 3}}
        pauses = [later - earlier for earlier, later in pairwise(began)]
        assert pauses[0] < pauses[-1]
        assert pauses[-1] > 0.7
        assert tree.process.poll() is None


def test_what_the_disk_refused_of_tree_json_is_written_once_it_takes_it(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", FIRST_PAUSE_S="0.1") as tree:
        tree.until_running("core", "uplinks")
        in_the_way = tmp_path / ".tree.json.new"
        in_the_way.mkdir()
        os.kill(tree.pid("uplinks"), signal.SIGKILL)
        soon("it lives anew", lambda: len(tree.words("uplinks", "begun")) == 2)
        soon("it was refused", lambda: "tree.json cannot be written" in tree.log)
        time.sleep(1.5)  # it is refused once more
        assert tree.tree()["uplinks"]["restarts"] == 0
        in_the_way.rmdir()
        soon("it is told", lambda: tree.tree()["uplinks"]["restarts"] == 1)
        assert tree.log.count("tree.json cannot be written") == 1


def test_a_calm_life_is_followed_by_the_first_pause_again(tmp_path: Path) -> None:
    bounds = {"FIRST_PAUSE_S": "0.1", "LONGEST_PAUSE_S": "30", "CALM_S": "0.5"}
    with Running(tmp_path, "core=works", **bounds) as tree:
        tree.until_running("core")
        pid = 0
        for _ in range(8):  # without calm the eighth pause would be 12 s
            pid = tree.until_another("core", pid)
            time.sleep(0.6)
            os.kill(pid, signal.SIGKILL)
            soon("it was waited for", lambda: not lives(pid))  # noqa: B023 - asked before the next turn
        killed = time.monotonic()
        tree.until_another("core", pid)
        assert time.monotonic() - killed < scaled(5)


def test_a_killed_child_is_named_and_its_peers_get_a_new_channel(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core") as tree:
        tree.until_running("core", "uplinks")
        before = tree.pid("uplinks")
        os.kill(before, signal.SIGKILL)
        tree.until_another("uplinks", before)
        assert tree.tree()["uplinks"]["last_reason"] == {"code": "process.killed", "facts": {"signal": "SIGKILL"}}
        heard = sorted([["uplinks", "uplinks"], ["uplinks", "(end)"], ["uplinks", "uplinks"]])
        soon("core heard of both lives", lambda: sorted(tree.words("core", "heard")) == heard)
        assert tree.tree()["core"]["restarts"] == 0


def test_a_child_that_hangs_is_killed_after_its_silence_and_begins_anew_once_it_is_gone(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=silent,core") as tree:
        tree.until_running("core", "uplinks")
        hung = tree.pid("uplinks")
        tree.until_another("uplinks", hung)
        assert not lives(hung)
        assert tree.tree()["uplinks"]["last_reason"]["code"] == "process.silent"

        def told() -> list[list[str]]:
            return [words for words in tree.words("core", "told") if words[:2] == ["CHILD", "uplinks"]]

        soon("core is told why", lambda: ["CHILD", "uplinks", "2", "-9"] in told())
        soon("and that it works again", lambda: told()[-1] == ["CHILD", "uplinks", "1", "0"])
        assert tree.tree()["core"]["restarts"] == 0


def test_a_child_may_load_its_modules_for_longer_than_it_may_be_silent(tmp_path: Path) -> None:
    with Running(tmp_path, "core=slow") as tree:
        tree.until_running("core")
        assert tree.tree()["core"]["restarts"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a process more urgent")
def test_only_flight_is_as_urgent_as_its_supervisor(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "flight=flies,core") as tree:
        tree.until_running("core", "flight")
        os.setpriority(os.PRIO_PROCESS, tree.process.pid, -5)
        for child, nice in (("core", 0), ("flight", -5)):
            before = tree.pid(child)
            os.kill(before, signal.SIGKILL)
            assert os.getpriority(os.PRIO_PROCESS, tree.until_another(child, before)) == nice


def test_a_child_stopped_by_somebody_is_killed_and_begins_anew(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works") as tree:
        tree.until_running("core")
        before = tree.pid("core")
        os.kill(before, signal.SIGSTOP)
        tree.until_another("core", before)


def test_a_stop_of_the_supervisor_kills_nobody(tmp_path: Path) -> None:
    """As a suspend: it wakes, and everybody has been silent for long. Nor is what was said meanwhile lost."""
    with Running(tmp_path, "core=works", "flight=flies,core") as tree:
        tree.until_running("core", "flight")
        before = {name: entry["pid"] for name, entry in tree.tree().items()}
        os.kill(tree.process.pid, signal.SIGSTOP)
        everybody = before.values()
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(3 * tree.silence_s)
        os.kill(tree.process.pid, signal.SIGCONT)
        time.sleep(0.3)  # it looks before anybody has said a word
        for pid in everybody:
            os.kill(pid, signal.SIGCONT)
        time.sleep(1)
        assert {name: entry["pid"] for name, entry in tree.tree().items()} == before
        assert "said nothing" not in tree.log


def test_what_a_child_says_while_the_supervisor_is_stopped_is_heard_later(tmp_path: Path) -> None:
    """The socket holds some hundred beats; what matters comes through when it is read again."""
    with Running(tmp_path, "core=works", "flight=flies,core") as tree:
        tree.until_running("core", "flight")
        soon("it is out", lambda: tree.tree()["flight"]["aircraft_out"] == 1)
        os.kill(tree.process.pid, signal.SIGSTOP)
        (tmp_path / "fill").touch()
        (tmp_path / "home").touch()
        time.sleep(1)
        os.kill(tree.process.pid, signal.SIGCONT)
        soon("it is home", lambda: tree.tree()["flight"]["aircraft_out"] == 0)


def test_a_child_that_ends_before_all_it_said_is_read_is_waited_for_and_begins_anew(tmp_path: Path) -> None:
    """Its end is seen while its socket still holds words: the supervisor lives on."""
    with Running(tmp_path, "core=works", "uplinks=floods,core") as tree:
        tree.until_running("core", "uplinks")
        before = tree.pid("uplinks")
        os.kill(tree.process.pid, signal.SIGSTOP)
        (tmp_path / "flood").touch()
        soon("it has ended", lambda: tree.words("uplinks", "flooded") and not lives(before))
        (tmp_path / "flood").unlink()
        os.kill(tree.process.pid, signal.SIGCONT)
        tree.until_another("uplinks", before)
        assert tree.tree()["uplinks"]["last_reason"]["code"] == "process.killed"
        assert tree.tree()["core"]["restarts"] == 0


def test_a_mad_child_is_hung_up_on_and_harms_nobody(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=mad,core") as tree:
        tree.until_running("core", "uplinks")
        mad = tree.pid("uplinks")
        tree.until_another("uplinks", mad)
        assert "alone" in [line[1] for line in tree.said("uplinks") if line[0] == str(mad)], "as if we were gone"
        assert tree.tree()["core"]["restarts"] == 0
        ticks = Path(f"/proc/{tree.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        assert sum(map(int, ticks)) < 100 * scaled(2), "nor does it spin"


def test_a_new_core_is_told_how_the_others_are_and_how_it_ended_itself(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "opcua=works,core", "uplinks=ends,core", FIRST_PAUSE_S="1") as tree:
        tree.until_running("core", "opcua")
        before = tree.pid("core")
        os.kill(before, signal.SIGKILL)
        later = tree.until_another("core", before)

        def told() -> list[list[str]]:
            return [line[3:] for line in tree.said("core") if line[0] == str(later) and line[1:3] == ["told", "CHILD"]]

        soon("it is told that it works", lambda: ["core", "1", "0"] in told())
        before_it_works = told()[: told().index(["core", "1", "0"])]
        for news in (["core", "0", "-9"], ["opcua", "1", "0"], ["uplinks", "0", "3"]):
            assert news in before_it_works


def test_core_that_cannot_start_ends_an_agent_without_flight(tmp_path: Path) -> None:
    with Running(tmp_path, "core=refuses", "uplinks=works,core") as tree:
        assert tree.ended() == 73
        assert not any(map(lives, tree.pids()))
        assert not (tmp_path / "tree.json").exists()


def test_core_that_cannot_start_does_not_take_flight_along(tmp_path: Path) -> None:
    with Running(tmp_path, "core=refuses", "flight=works,core", FIRST_PAUSE_S="0.1") as tree:
        tree.until_running("flight")
        soon("core was tried again", lambda: tree.tree()["core"]["restarts"] > 2)
        assert tree.tree()["flight"]["restarts"] == 0


def test_two_supervisors_do_not_run_in_one_place(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works") as first:
        first.until_running("core")
        with Running(tmp_path, "core=works") as second:
            assert second.ended() == 73
            assert f"process {first.process.pid}" in second.log
        first.until_running("core")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_everything_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "opcua=works,core", "flight=works,core") as tree:
        tree.until_running("core", "uplinks", "opcua", "flight")
        os.kill(tree.process.pid, number)
        assert tree.ended() == 0
        ended = {}
        for child in ("core", "uplinks", "opcua", "flight"):
            words = [line[1] for line in tree.said(child)]
            assert words[-2:] == ["stop", "ended"], child
            ended[child] = (tmp_path / f"{child}.log").stat().st_mtime_ns
        assert ended["opcua"] < ended["uplinks"] < ended["core"] < ended["flight"]
        assert "draining" in [line[1] for line in tree.said("core")]
        assert "draining" in [line[1] for line in tree.said("flight")], "it begins nothing more"
        assert not (tmp_path / "tree.json").exists()


def test_ctrl_c_in_a_terminal_is_the_supervisors_alone(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "flight=works,core") as tree:
        tree.until_running("core", "flight")
        os.killpg(tree.process.pid, signal.SIGINT)
        assert tree.ended() == 0
        assert [line[1] for line in tree.said("core")][-2:] == ["stop", "ended"]


def test_a_child_that_does_not_end_is_killed_after_its_bound(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=deaf,core") as tree:
        tree.until_running("core", "uplinks")
        began = time.monotonic()
        tree.process.terminate()
        assert tree.ended() == 0
        assert 1 < time.monotonic() - began < scaled(10)
        assert "uplinks did not end in its time and is killed" in tree.log
        assert [line[1] for line in tree.said("core")][-1] == "ended", "the others ended by themselves"


def test_an_aircraft_out_is_waited_for(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "flight=flies,core", AIRCRAFT_S="60") as tree:
        tree.until_running("core", "uplinks", "flight")
        tree.process.terminate()
        time.sleep(1)
        assert tree.process.poll() is None
        assert not tree.words("uplinks", "stop"), "its uplink goes on as well"
        (tmp_path / "home").touch()
        assert tree.ended() == 0
        assert not tree.words("flight", "leaving")


def test_an_aircraft_still_out_is_told_of_last(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "flight=flies,core", AIRCRAFT_S="0.5") as tree:
        tree.until_running("core", "uplinks", "flight")
        tree.process.terminate()
        assert tree.ended() == 0
        words = [line[1] for line in tree.said("flight")]
        assert words.index("leaving") < words.index("stop")


def test_flight_that_dies_with_its_aircraft_out_begins_anew_although_everything_ends(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "flight=flies,core", AIRCRAFT_S="60") as tree:
        tree.until_running("core", "flight")
        tree.process.terminate()
        before = tree.pid("flight")
        os.kill(before, signal.SIGKILL)
        tree.until_another("flight", before)
        (tmp_path / "home").touch()
        assert tree.ended() == 0


def test_a_second_signal_shortens_the_wait(tmp_path: Path) -> None:
    with Running(tmp_path, "core=deaf", "flight=flies,core", AIRCRAFT_S="60", LEAVE_S="30") as tree:
        tree.until_running("core", "flight")
        tree.process.terminate()
        time.sleep(0.5)
        began = time.monotonic()
        tree.process.terminate()
        tree.process.terminate()
        assert tree.ended(30) == 0
        assert time.monotonic() - began < scaled(10)


def test_when_the_supervisor_is_killed_everybody_ends_but_flight_with_its_aircraft_out(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=works,core", "opcua=works,core", "flight=flies,core") as tree:
        tree.until_running("core", "uplinks", "opcua", "flight")
        pids = {name: entry["pid"] for name, entry in tree.tree().items()}
        tree.process.kill()
        tree.process.wait()
        for child in ("core", "uplinks", "opcua"):
            soon(f"{child} ends", lambda child=child: not lives(pids[child]))  # type: ignore[misc]  # bound early
            assert [line[1] for line in tree.said(child)][-1] == "ended", "in order, not by a signal"
        assert lives(pids["flight"])
        (tmp_path / "home").touch()
        soon("flight ends", lambda: not lives(pids["flight"]))


def test_a_hung_child_whose_supervisor_is_gone_is_ended_by_the_kernel(tmp_path: Path) -> None:
    with Running(tmp_path, "core=silent", GIVE_UP_S="1") as tree:
        tree.until_running("core")
        core = tree.pid("core")
        tree.process.kill()
        tree.process.wait()
        soon("it ends", lambda: not lives(core))


def test_systemds_watchdog_is_fed_by_the_supervisor_whatever_its_children_do(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=silent,core", WATCHDOG_USEC="1000000") as tree:
        tree.until_running("core", "uplinks")
        hung = tree.pid("uplinks")
        tree.until_another("uplinks", hung)
        told = list(tree.notified())
        assert told.count("READY=1") == 1
        assert told.count("WATCHDOG=1") > 2
        os.kill(tree.process.pid, signal.SIGSTOP)
        list(tree.notified())
        time.sleep(2)
        assert list(tree.notified()) == [], "not fed by anybody else"
        os.kill(tree.process.pid, signal.SIGCONT)
        soon("it is fed again", lambda: "WATCHDOG=1" in list(tree.notified()))
        tree.process.terminate()
        assert tree.ended() == 0
        assert "STOPPING=1" in list(tree.notified())


def test_a_child_that_never_works_does_not_keep_systemd_waiting_for_ever(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works", "uplinks=ends,core", WATCHDOG_USEC="1000000") as tree:
        tree.until_running("core")
        told: list[str] = []

        def ready() -> bool:
            told.extend(tree.notified())
            return "READY=1" in told

        soon("systemd is told", ready)


def test_a_folder_that_was_emptied_under_it_lets_no_second_one_in_and_is_told_anew(tmp_path: Path) -> None:
    with Running(tmp_path, "core=works") as tree:
        tree.until_running("core")
        (tmp_path / "tree.lock").unlink()
        (tmp_path / "tree.json").unlink()
        with pytest.raises(Taken, match=f"process {tree.process.pid}"):
            TreeFile(tmp_path / "tree.json")
        soon("it is told anew", lambda: read_tree(tmp_path / "tree.json"))
        with pytest.raises(Taken, match=f"process {tree.process.pid}"):
            TreeFile(tmp_path / "tree.json")
        os.kill(tree.process.pid, signal.SIGTERM)
        assert tree.ended() == 0
    TreeFile(tmp_path / "tree.json").close()
