"""The memory of orders has a name: a lost one, or one put back from a copy, takes no order signed for another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.flight.orders.epoch import BESIDE, KIND, LONGEST_BYTES, NAME, epoch_of
from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.replay_guard import ReplayGuard
from agent.runtime.envelope import opened
from tests.nest.agent_rig import GATEWAY, key_settings
from tests.nest.test_orders import AtOnce, Clocks, code, order


def life(folder: Path, clocks: Clocks) -> OrderVerifier:
    """The gate of one life of flight, with what is kept in this folder."""
    folder.mkdir(exist_ok=True)
    guard = ReplayGuard(folder / "orders-seen", AtOnce())
    guard.load()
    return OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, guard)


def test_a_restart_goes_on_in_the_same_epoch_and_refuses_what_was_obeyed(tmp_path: Path) -> None:
    clocks = Clocks()
    first = life(tmp_path / "flight", clocks)
    given = order(epoch=first.epoch)
    assert first.admit(given).verb == "fly"
    again = life(tmp_path / "flight", clocks)
    assert again.epoch == first.epoch
    assert code(again, given) == "replayed"


def wiped(folder: Path) -> None:
    shutil.rmtree(folder)


def restored(folder: Path) -> None:
    """As tar or cp would: every time and mode as it was."""
    shutil.copytree(folder, folder.with_name("backup"), copy_function=shutil.copy2)
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "something else").write_text("so that no inode is the same")
    shutil.copytree(folder.with_name("backup"), folder, copy_function=shutil.copy2, dirs_exist_ok=True)


def lost_its_name(folder: Path) -> None:
    (folder / NAME).unlink()


def spoilt(folder: Path) -> None:
    (folder / BESIDE).write_text("[" * 500)


def of_another(folder: Path) -> None:
    """The name of another gateway's memory put into ours."""
    (folder / NAME).write_text("ffffffffffffffff\n")


@pytest.mark.parametrize("how", [wiped, restored, lost_its_name, spoilt, of_another])
def test_after_a_loss_or_a_copy_no_order_of_before_is_obeyed_whatever_the_clock_says(
    tmp_path: Path, how: Callable[[Path], None]
) -> None:
    """B3: the clock set back to when it was signed, and what was obeyed forgotten."""
    clocks = Clocks()
    first = life(tmp_path / "flight", clocks)
    given = order(epoch=first.epoch)
    assert first.admit(given).verb == "fly"
    (tmp_path / "flight/orders-seen").unlink()  # the memory as it was before the order
    how(tmp_path / "flight")
    after = life(tmp_path / "flight", clocks)
    assert code(after, given) == "other_epoch"
    assert after.admit(order(id="order-0002", epoch=after.epoch)).verb == "fly"


def test_a_dated_order_without_an_epoch_is_refused_and_a_challenge_or_a_recall_needs_none(tmp_path: Path) -> None:
    clocks = Clocks()
    gate = life(tmp_path / "flight", clocks)
    assert code(gate, order(epoch=None)) == "other_epoch"
    assert gate.admit(order(epoch=None, at=None, challenge=gate.challenge())).verb == "fly"
    assert gate.admit(order("recall", id="order-0003", epoch="of another")).verb == "recall"


def test_before_the_memory_is_read_nothing_that_begins_is_obeyed(tmp_path: Path) -> None:
    clocks = Clocks()
    unread = OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, ReplayGuard(tmp_path / "x", AtOnce()))
    with pytest.raises(Refusal, match="not been read"):
        unread.admit(order(epoch=""))


def test_it_is_kept_in_whole_seconds_for_file_systems_that_keep_no_more(tmp_path: Path) -> None:
    epoch = epoch_of(tmp_path)
    assert epoch_of(tmp_path) == epoch
    assert "." not in (tmp_path / BESIDE).read_text()


def test_the_whole_card_in_another_machine_begins_anew_and_silent_hardware_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = []
    for machine in ("a", "", "a", "b", "b"):
        monkeypatch.setattr("agent.flight.orders.epoch.machine_name", lambda machine=machine: machine)
        epochs.append(epoch_of(tmp_path))
    assert epochs[0] == epochs[1] == epochs[2] != epochs[3] == epochs[4]
    kept = opened((tmp_path / BESIDE).read_bytes(), KIND, LONGEST_BYTES)
    for name in ("machine", "changed_ns"):
        del kept[name]
    (tmp_path / BESIDE).write_text(json.dumps(kept))
    assert epoch_of(tmp_path) == epochs[4], "as versions before kept it"


def test_a_memory_that_was_bent_is_another_memory(tmp_path: Path) -> None:
    clocks = Clocks()
    first = life(tmp_path / "flight", clocks)
    given = order(epoch=first.epoch)
    assert first.admit(given).verb == "fly"
    seen = tmp_path / "flight/orders-seen"
    whole = seen.read_bytes()
    assert whole.count(b"\n") == 1
    for bit in (0, 8 * (len(whole) // 2), 8 * whole.index(b"\t") + 3, 8 * (len(whole) - 2)):
        bent = bytearray(whole)
        bent[bit // 8] ^= 1 << bit % 8
        seen.write_bytes(b"k-old order-of-before\n" + whole + bent)
        after = life(tmp_path / "flight", clocks)
        assert after.epoch != first.epoch
        assert code(after, given) in ("replayed", "other_epoch")
        again = life(tmp_path / "flight", clocks)
        assert again.epoch == after.epoch, "once"
        assert "k-old order-of-before" in again._guard
    seen.write_bytes(whole[:-5])
    kept = life(tmp_path / "flight", clocks)
    assert code(kept, given) == "other_epoch"
    assert kept.epoch == again.epoch, "an end that a crash cut off is no damage"
