"""What flight had kept cannot be read, or its card is full while all rests: no launch, recall works, and it is told."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from agent.flight import assemble, card_probe
from agent.flight.card_probe import CardProbe
from agent.flight.orders.eligibility import eligibility
from agent.runtime.readable import Readable, read
from agent.runtime.write_behind import WriteBehind
from protocols.reason import Reason
from tests.nest.agent_rig import AgentRig, agent_rig, envelope, fire


def why_not(rig: AgentRig) -> list[str]:
    """Codes of what keeps a flight from beginning now; of interlocks their names."""
    reasons = eligibility(rig.controller.status(), None, rig.controller.context.moment())
    locks = [one.facts.get("interlock") for one in reasons]
    return [lock.code if isinstance(lock, Reason) else one.code for lock, one in zip(locks, reasons, strict=True)]


async def test_replay_marks_that_cannot_be_read_allow_no_launch_and_any_recall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [True]

    def spoilt(path: Path) -> Readable:
        return Readable(bytes(100), 100) if bad else read(path)

    monkeypatch.setattr("agent.flight.orders.replay_guard.read", spoilt)
    monkeypatch.setattr(assemble, "LOAD_AGAIN_S", 0.1)
    async with agent_rig(tmp_path) as rig:
        await rig.until(lambda: "order.memory_unreadable" in why_not(rig))
        answer = await rig.fleet.submit(envelope("fly", args=fire()))
        assert (answer["status"], answer["code"]) == ("refused", "not_kept")
        await rig.until(lambda: rig.controller.attached.is_set())
        answer = await rig.fleet.submit(envelope("recall"))
        assert answer["code"] == "nothing_flies", "it is obeyed as far as there is anything to obey"
        bad.clear()
        await rig.ready()


async def test_a_checkpoint_that_cannot_be_read_takes_somebody_on_site(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "nest-n1.json").write_bytes(bytes(44))
    async with agent_rig(tmp_path) as rig:
        await rig.until(lambda: why_not(rig) == ["order.nest_forgotten"])
        answer = await rig.fleet.submit(envelope("fly", args=fire()))
        assert answer["status"] == "refused", answer
        await rig.written()
    async with agent_rig(tmp_path) as rig:
        await rig.until(lambda: why_not(rig) == ["order.nest_forgotten"])
        answer = await rig.fleet.submit(envelope("clear", "on_site"))
        assert answer["status"] == "accepted", answer
        await rig.ready()
        await rig.written()
    async with agent_rig(tmp_path) as rig:
        await rig.ready()
        answer = await rig.fleet.submit(envelope("clear", "on_site"))
        assert answer["status"] == "refused", "there is nothing to clear any more"


async def test_a_card_that_became_full_while_all_rests_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe, full = card_probe.probe, list[bool]()

    def probed(folder: Path, *, writes: bool) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        probe(folder, writes=writes)

    monkeypatch.setattr(card_probe, "probe", probed)
    monkeypatch.setattr(card_probe, "LOOK_EVERY_S", 0.1)
    async with agent_rig(tmp_path) as rig:
        await rig.ready()
        full.append(True)
        await rig.until(lambda: why_not(rig) == ["journal_writable"])
        answer = await rig.fleet.submit(envelope("fly", args=fire()))
        assert answer["status"] == "refused", answer
        full.clear()
        await rig.ready()


async def test_a_probe_writes_now_and_then_and_always_after_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, wrote = [0.0], list[bool]()
    monkeypatch.setattr(card_probe, "probe", lambda _folder, *, writes: wrote.append(writes))
    card = CardProbe(tmp_path, WriteBehind(), lambda: now[0])

    def ok() -> bool:
        return card.ok

    assert not ok(), "what is not known is not well"
    for _ in range(7):
        await card.look()
    assert wrote == [True, False, False, False, False, False, True]
    assert ok()

    def refused(_folder: Path, *, writes: bool) -> NoReturn:
        wrote.append(writes)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(card_probe, "probe", refused)
    await card.look()
    assert (card.ok, card.trouble) == (False, Reason("errno.EROFS"))
    await card.look()
    assert wrote[-1]
    monkeypatch.setattr(card_probe, "probe", lambda _folder, *, writes: wrote.append(writes))
    await card.look()
    assert (card.ok, card.trouble) == (True, None)
    now[0] += card_probe.LOOK_EVERY_S + card_probe.LATE_S + 1
    assert not ok(), "a card that hangs over a look"


def test_the_probe_asks_the_file_system_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card_probe.probe(tmp_path / "flight", writes=True)
    assert list((tmp_path / "flight").iterdir()) == []
    monkeypatch.setattr(card_probe, "LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(OSError, match="No space"):
        card_probe.probe(tmp_path, writes=False)
