"""A key is believed no more from the moment somebody says so: orders and facts alike, over restarts."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from agent.control.acts import Act
from agent.control.keys import REVOKE, register_keys
from agent.control.server import ControlServer
from agent.core.audit.files import newest
from agent.core.facts_from_afar import fact_door
from agent.flight.orders.gate import OrderVerifier
from agent.judge.facts import BadFact
from agent.judge.service.fact_door import FactDoor
from agent.runtime import revoked as revoked_module
from agent.runtime.revoked import NAME, RevokedKeys
from agent.settings.load import load
from tests.cli.serving import raw
from tests.judge.test_fact_inbox import FIRE, door, signed
from tests.nest.agent_rig import GATEWAY, key_settings
from tests.nest.test_dispatch import rehearse
from tests.nest.test_orders import Clocks, a_guard, code, order
from tests.site.test_audit import Card, a_log


def gate(folder: Path, revoked: RevokedKeys) -> OrderVerifier:
    clocks = Clocks()
    return OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, a_guard(folder), 30.0, revoked)


async def test_a_revoked_key_orders_nothing_also_after_a_restart(tmp_path: Path) -> None:
    revoked = RevokedKeys(tmp_path, Card())
    verifier = gate(tmp_path, revoked)
    assert verifier.admit(order()).verb == "fly"
    await revoked.revoke("k-brigade")
    for verb in ("fly", "recall", "stop"):
        assert code(verifier, order(verb, id="order-0002")) == "revoked_key"
    assert verifier.signer("k-brigade") is None
    assert verifier.admit(order(role="platform", id="order-0003")).verb == "fly"
    again = RevokedKeys(tmp_path, Card())
    again.load()
    assert code(gate(tmp_path, again), order(id="order-0004")) == "revoked_key"


async def test_what_the_card_does_not_take_counts_at_once_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_rest: Any, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(revoked_module, "append_line", full)
    revoked = RevokedKeys(tmp_path, Card())
    acts: list[Act] = []
    server = ControlServer(tmp_path / "s", acts=acts.append)
    register_keys(server, key_settings(), revoked, "flight")
    await server.start()
    (no,) = await raw(tmp_path / "s", b'{"ask": "key.revoke", "key": "k-brigade"}\n')
    assert (no["code"], no["reason"]["code"]) == ("cannot_write", "key.until_restart")
    (unknown,) = await raw(tmp_path / "s", b'{"ask": "key.revoke", "key": "k-x"}\n')
    assert unknown["code"] == "not_found"
    (rows,) = await raw(tmp_path / "s", b'{"ask": "key.list"}\n')
    await server.close()
    assert {row["id"]: row["revoked"] for row in rows["value"]}["k-brigade"]
    assert code(gate(tmp_path, revoked), order()) == "revoked_key"
    assert [(act.what, act.outcome, act.changed.get("becomes")) for act in acts] == [
        (REVOKE, "cannot_write", "revoked"), (REVOKE, "not_found", None),
    ]  # fmt: skip


def site(folder: Path) -> Any:
    keys = [{name: getattr(key, name) for name in ("id", "person", "role", "public_key")} for key in signers()]
    tables = ("\n".join(f'{name} = "{value}"' for name, value in key.items()) for key in keys)
    told = "\n".join(f"[[flight.keys]]\n{table}" for table in tables)
    (folder / "site.toml").write_text(f'[gateway]\nid = "g"\nstate_dir = "state"\n{told}\n')
    return load(folder / "site.toml").site


def signers() -> Any:
    return door()._keys.values()


async def test_a_revoked_key_tells_nothing_and_where_the_list_cannot_be_read_none_does(tmp_path: Path) -> None:
    def door_now() -> FactDoor:
        return fact_door(site(tmp_path), RevokedKeys(tmp_path / "state", Card()), lambda: None)

    assert door_now().read("incident", signed(FIRE)).by
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_text("k-platform\n")
    after = door_now()
    with pytest.raises(BadFact, match="k-platform is revoked"):
        after.read("incident", signed(FIRE))
    assert after.read("incident", signed(FIRE, role="brigade")).by
    (tmp_path / "state" / NAME).unlink()
    (tmp_path / "state" / NAME).mkdir()
    with pytest.raises(BadFact, match="not in the keyring"):
        door_now().read("incident", signed(FIRE, role="brigade"))


def test_a_revocation_at_flight_is_told_and_so_is_one_that_nobody_may(tmp_path: Path) -> None:
    async def story(r: Any, fleet: Any) -> None:
        fleet.acted(Act(REVOKE, "uid 7", {"key": "k-brigade"}))
        fleet.acted(Act(REVOKE, "uid 8", {"key": "k-brigade"}, "no_permission"))

    r = rehearse(tmp_path, story)
    log = a_log(tmp_path / "audit")

    async def keep() -> None:
        for event in r.events:
            log.event(event)

    asyncio.run(keep())
    told = [(line.content["by"], line.content["outcome"]) for line in newest(tmp_path / "audit", 9)]
    assert told == [("uid 7", "accepted"), ("uid 8", "refused")]
