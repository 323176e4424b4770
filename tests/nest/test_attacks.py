"""Whoever has the wire, and no key: forged, replayed, delayed, put back, bent. Nothing moves, each is refused with its
code, and each stands in the record of acts.
"""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.core.audit.files import newest, verify
from agent.flight.control.wall import Wall
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.epoch import BESIDE, NAME, begin
from agent.flight.orders.gate import OrderVerifier
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.orders.restraint import Restraint
from agent.flight.orders.signing import sign
from agent.flight.orders.two_people import TwoPeople
from agent.runtime.flood import MOST, WINDOW_S
from agent.runtime.revoked import RevokedKeys
from agent.settings.flight import TwoPeopleFor
from hil.flight_sim import FlightSim
from hil.virtual_time import run
from tests.nest.agent_rig import EPOCH, GATEWAY, KEYS, NUMBER, fire, key_settings
from tests.nest.test_dispatch import STANDING
from tests.site.test_audit import a_log

FLY: tuple[TwoPeopleFor, ...] = ("fly",)
YEARS_S = 10 * 365 * 86_400.0


class Target:
    """A gateway whose nest is ready, as an attacker sees it: orders that went by, and a way to put others."""

    def __init__(self, r: FlightSim) -> None:
        self.r = r
        self.context = r.controller.context
        self.shift_s = 0.0
        self.revoked = RevokedKeys(r.folder, self.context.writer)
        self.restraint = Restraint(
            r.folder / "restraint.json", self.context.writer, self.context.now_ns, per_hour=6, rest_s=600.0
        )
        self.context.restrained = self.restraint.now
        self.two = TwoPeople((), self.context.now_ns)
        begin(r.folder, EPOCH)
        self.begin()

    def begin(self) -> None:
        """A life of flight, with whatever is kept of orders."""
        guard = ReplayGuard(self.r.folder / "seen", self.context.writer)
        guard.load()
        verifier = OrderVerifier(
            key_settings(), GATEWAY, self.wall, self.context.now_ns, guard, 30.0, revoked=self.revoked
        )
        self.fleet = Fleet([self.r.controller], verifier, self.context, (STANDING,), self.restraint, self.two)

    def wall(self) -> Wall:
        now = self.context.wall()
        return Wall(now.utc_s + self.shift_s, now.error_s)

    def payload(self, verb: str = "fly", **other: Any) -> dict[str, Any]:
        whole = {"id": f"order-{next(NUMBER):06d}", "gateway": GATEWAY, "verb": verb, "nest": "n1", "epoch": EPOCH}
        return {**whole, "at": self.context.wall().utc_s, "args": fire() if verb == "fly" else {}, **other}

    def order(self, role: str = "brigade", verb: str = "fly", **other: Any) -> dict[str, str]:
        return sign(KEYS[role], f"k-{role}", self.payload(verb, **other))


async def forged(it: Target) -> dict[str, Any]:
    return await it.fleet.submit(sign(Ed25519PrivateKey.generate(), "k-brigade", it.payload()))


async def under_anothers_name(it: Target) -> dict[str, Any]:
    return await it.fleet.submit({**it.order("platform", "clear"), "key": "k-on_site"})


async def edited(it: Target) -> dict[str, Any]:
    order = it.order()
    return await it.fleet.submit(
        {**order, "payload": order["payload"].replace('"training"', '"x"').replace("28.", "29.")}
    )


async def with_a_role_of_its_own_choosing(it: Target) -> dict[str, Any]:
    payload = it.payload("clear", role="on_site", person="p-on_site")
    return await it.fleet.submit(sign(KEYS["platform"], "k-platform", payload))


async def of_another_gateway(it: Target) -> dict[str, Any]:
    return await it.fleet.submit(it.order(gateway="gw-2"))


async def delayed(it: Target) -> dict[str, Any]:
    order = it.order()
    await asyncio.sleep(31)
    return await it.fleet.submit(order)


async def with_the_clock_ten_years_on(it: Target) -> dict[str, Any]:
    order, it.shift_s = it.order(), YEARS_S
    return await it.fleet.submit(order)


async def with_the_clock_ten_years_back(it: Target) -> dict[str, Any]:
    order, it.shift_s = it.order(), -YEARS_S
    return await it.fleet.submit(order)


async def replayed(it: Target) -> dict[str, Any]:
    """One that was let through and not flown: the nest was not ready then."""
    order = it.order()
    it.r.truth.weather.rain = 3
    await asyncio.sleep(3)
    assert (await it.fleet.submit(order))["code"] == "not_ready"
    it.r.truth.weather.rain = 0
    await asyncio.sleep(3)
    return await it.fleet.submit(order)


async def replayed_after_a_restart(it: Target) -> dict[str, Any]:
    order = it.order(args={**fire(), "lat": 80.0})
    assert (await it.fleet.submit(order))["code"] == "out_of_area"
    it.begin()
    return await it.fleet.submit(order)


async def obeyed_before(it: Target) -> dict[str, str]:
    """One that was let through; the nest could not fly there."""
    order = it.order(args={**fire(), "lat": 80.0})
    assert (await it.fleet.submit(order))["code"] == "out_of_area"
    await asyncio.sleep(1)
    return order


async def replayed_after_the_memory_was_wiped(it: Target) -> dict[str, Any]:
    order = await obeyed_before(it)
    for name in ("seen", NAME, BESIDE):
        (it.r.folder / name).unlink()
    it.begin()
    return await it.fleet.submit(order)


async def replayed_after_an_old_backup_was_put_back(it: Target) -> dict[str, Any]:
    """With its times and modes, and the clock set back to when the order was signed."""
    kept = it.r.folder, it.r.folder.with_name("backup")
    shutil.copytree(*kept)
    order = await obeyed_before(it)
    (it.r.folder / "seen").unlink()
    for name in (NAME, BESIDE):
        (it.r.folder / name).rename(it.r.folder / f"{name}.gone")  # no inode comes again within the second
        shutil.copy2(kept[1] / name, kept[0] / name)
    it.begin()
    return await it.fleet.submit(order)


async def signed_for_another_gateways_memory(it: Target) -> dict[str, Any]:
    return await it.fleet.submit(it.order(epoch="ffffffffffffffff"))


async def countersigned_by_the_same_person(it: Target) -> dict[str, Any]:
    it.two = TwoPeople(FLY, it.context.now_ns)
    it.begin()
    held = await it.fleet.submit(it.order())
    return await it.fleet.submit(it.order("brigade", "countersign", args={"of": held["of"]}))


async def alone_before_his_time(it: Target) -> dict[str, Any]:
    it.two = TwoPeople(FLY, it.context.now_ns)
    it.begin()
    held = await it.fleet.submit(it.order("on_site"))
    it.shift_s = 601.0  # a clock that somebody set on shortens nothing
    at = it.wall().utc_s
    return await it.fleet.submit(it.order("on_site", "countersign", args={"of": held["of"], "alone": True}, at=at))


async def withheld_until_its_recall_had_come(it: Target) -> dict[str, Any]:
    order = it.order()
    await asyncio.sleep(2)
    assert (await it.fleet.submit(it.order("brigade", "recall")))["code"] == "nothing_flies"
    return await it.fleet.submit(order)


async def withheld_with_its_challenge(it: Target) -> dict[str, Any]:
    order = it.order(challenge=it.fleet.verifier.challenge())
    await asyncio.sleep(2)
    assert it.fleet.on_site("stop", "n1", "uid 1000")["code"] == "nothing_flies"
    return await it.fleet.submit(order)


async def by_a_key_that_was_taken_back(it: Target) -> dict[str, Any]:
    await it.revoked.revoke("k-brigade")
    return await it.fleet.submit(it.order())


async def by_an_incident_that_lay_at_the_broker(it: Target) -> dict[str, Any]:
    return await it.fleet.incident(incident_from(fire(120.0)), it.context.wall().utc_s - 3600, "p-platform")


async def with_a_date_that_is_no_number(it: Target) -> dict[str, Any]:
    return await it.fleet.submit(it.order(at=float("nan")))


async def as_no_order_at_all(it: Target) -> dict[str, Any]:
    return await it.fleet.submit({"payload": "[" * 7000, "key": "x", "signature": "x"})


ATTACKS: dict[Callable[[Target], Awaitable[dict[str, Any]]], str] = {
    forged: "bad_signature",
    under_anothers_name: "bad_signature",
    edited: "bad_signature",
    with_a_role_of_its_own_choosing: "not_allowed",
    of_another_gateway: "wrong_gateway",
    delayed: "stale",
    with_the_clock_ten_years_on: "stale",
    with_the_clock_ten_years_back: "from_the_future",
    replayed: "replayed",
    replayed_after_a_restart: "replayed",
    replayed_after_the_memory_was_wiped: "other_epoch",
    replayed_after_an_old_backup_was_put_back: "other_epoch",
    signed_for_another_gateways_memory: "other_epoch",
    countersigned_by_the_same_person: "same_person",
    alone_before_his_time: "too_early",
    withheld_until_its_recall_had_come: "overtaken",
    withheld_with_its_challenge: "overtaken",
    by_a_key_that_was_taken_back: "revoked_key",
    by_an_incident_that_lay_at_the_broker: "stale",
    with_a_date_that_is_no_number: "malformed",
    as_no_order_at_all: "unknown_key",
}


def attacked(folder: Path, story: Callable[[Target], Awaitable[None]]) -> FlightSim:
    async def whole() -> FlightSim:
        r = FlightSim(folder)
        async with r.running():
            await r.until(lambda: r.ready)
            r.arms_allowed = 1
            await story(Target(r))
            return r

    r = run(whole())
    assert r.accidents == []
    return r


def recorded(r: FlightSim, folder: Path) -> list[dict[str, Any]]:
    """The record of acts, of what flight told."""

    async def keep() -> None:
        log = a_log(folder / "audit")
        for event in r.events:
            log.event(event)

    asyncio.run(keep())
    assert not verify(folder / "audit").trouble
    return [line.content for line in newest(folder / "audit", 999)]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_moves_and_it_is_refused_and_recorded(
    tmp_path: Path, attack: Callable[[Target], Awaitable[dict[str, Any]]]
) -> None:
    async def story(it: Target) -> None:
        answer = await attack(it)
        assert (answer["status"], answer["code"]) == ("refused", ATTACKS[attack])
        await asyncio.sleep(30)
        assert it.r.controller.phase is Phase.REST

    r = attacked(tmp_path, story)
    assert (r.truth.cover_motions, r.auto.arm_count) == (0, 0)
    assert ATTACKS[attack] in [line["args"].get("code") for line in recorded(r, tmp_path)]


def test_a_flood_moves_nothing_is_a_number_and_is_in_the_way_of_nobody(tmp_path: Path) -> None:
    async def story(it: Target) -> None:
        for number in range(450):
            assert (await it.fleet.submit(sign(Ed25519PrivateKey.generate(), f"k-{number}", {})))["status"] == "refused"
        assert (await it.fleet.submit(it.order("platform")))["status"] == "accepted"
        await it.r.until(lambda: it.r.controller.phase is Phase.OUTBOUND)
        assert (await it.fleet.submit(it.order("brigade", "recall")))["status"] == "accepted"
        await it.r.until(lambda: it.r.controller.phase is Phase.REST)
        assert (await it.fleet.submit(it.order("platform")))["code"] == "not_ready", "recall, then launch again"
        await asyncio.sleep(WINDOW_S)

    r = attacked(tmp_path, story)
    lines = recorded(r, tmp_path)
    refused = [line for line in lines if line["args"].get("code") in ("unknown_key", "flood")]
    assert len(refused) == MOST + 1
    assert refused[-1]["args"]["count"] == 450 - MOST
    assert "order.rests" in json.dumps(lines[-2]) + json.dumps(lines[-1])
    assert r.auto.arm_count == 1
