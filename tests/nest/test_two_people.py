"""Acts that take two different people: nothing is done by one alone, and what ends a flight never waits for another."""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.control.wall import Wall
from agent.flight.logbook.logbook import Logbook
from agent.flight.machine.table import Phase
from agent.flight.orders.adopted import Adopted
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import Order, OrderVerifier
from agent.flight.orders.held_file import KIND, LONGEST_BYTES, NAME, HeldFile
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.orders.restraint import Restraint
from agent.flight.orders.signing import public_text, sign
from agent.flight.orders.two_people import ALONE_S, HELD_S, TwoPeople
from agent.flight.views import ready_view
from agent.runtime.envelope import enclosed, opened
from agent.runtime.kernel_boot import KERNEL_BOOT
from agent.runtime.write_behind import Call
from agent.settings.flight import Flight, Key, TwoPeopleFor
from hil.flight_sim import FlightSim
from tests.nest.agent_rig import EPOCH, GATEWAY, KEYS, NUMBER, agent_rig, fire, key_settings
from tests.nest.test_dispatch import STANDING, kept, rehearse
from tests.waiting import until

UTC_S = 1_780_000_000.0
ORDERS = itertools.count()
WHO: Mapping[str, tuple[str, str]] = {
    "li": ("li", "on_site"),
    "li-2": ("li", "on_site"),
    "li-at-brigade": ("li", "brigade"),
    "wang": ("wang", "on_site"),
    "chen": ("chen", "brigade"),
    "centre": ("centre", "platform"),
    "mayor": ("mayor", "emergency"),
}
"""Key: person, role."""
PRIVATE = {name: Ed25519PrivateKey.generate() for name in WHO}
KEY_SETTINGS = tuple(
    Key.model_validate({"id": name, "person": person, "role": role, "public_key": public_text(PRIVATE[name])})
    for name, (person, role) in WHO.items()
)


class Card:
    """Takes everything at once."""

    def later(self, call: Call) -> bool:
        call()
        return True

    def done(self, call: Call) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        call()
        done.set_result(None)
        return done


class Desk:
    """A fleet of one nest that does whatever it is told, and says what it was told."""

    def __init__(self, folder: Path, classes: tuple[TwoPeopleFor, ...]) -> None:
        self.now_s, card = 1000.0, Card()
        self.acts: list[tuple[str, str]] = []
        self.context = FlightContext(folder, card, Logbook(folder / "flights", card), self.wall, self.now_ns)
        nest = SimpleNamespace(
            settings=SimpleNamespace(id="n1"), phase=Phase.FAILED, doubted=False, rank=0, flying="",
            attached=SimpleNamespace(is_set=lambda: True),
            clear=lambda by: self.acts.append(("clear", by)),
            adjust=lambda _id, by: self.acts.append(("adjust", by)),
            recall=lambda _rank, by, *, again: self.acts.append(("recall", by)),
            stop=lambda _rank, by, *, again: self.acts.append(("stop", by)),
        )  # fmt: skip
        self.guard = ReplayGuard(folder / "seen", card)
        self.guard.load()
        self.guard.epoch = EPOCH
        self.verifier = OrderVerifier(KEY_SETTINGS, GATEWAY, self.wall, self.now_ns, self.guard)
        self.adopted = Adopted(folder, card, Flight(standing_orders=(STANDING,)).in_force())
        self.held_file = HeldFile(folder, card, self.verifier)
        two = TwoPeople(classes, self.now_ns, self.held_file.keep)
        nests = [cast("NestController", nest)]
        self.fleet = Fleet(nests, self.verifier, self.context, (), None, two, self.adopted)

    def now_ns(self) -> int:
        return round(self.now_s * 1e9)

    def wall(self) -> Wall:
        return Wall(UTC_S + self.now_s, 0.1)

    async def order(self, key: str, verb: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        payload = {"id": f"order-{next(ORDERS):06d}", "gateway": GATEWAY, "verb": verb, "nest": "n1",
                   "at": UTC_S + self.now_s, "epoch": EPOCH, "args": args or {}}  # fmt: skip
        return await self.fleet.submit(sign(PRIVATE[key], key, payload))


VERBS = ["clear", "adjust", "adopt"]
FIRST = st.tuples(st.just("first"), st.sampled_from(["li", "li", "wang", "chen", "centre"]), st.sampled_from(VERBS))
SECOND = st.tuples(st.just("second"), st.sampled_from(["", "", *WHO]), st.booleans(), st.integers(0, 2))
"""By this key, or by that of who gave it."""
ENDS = st.tuples(st.just("end"), st.sampled_from(list(WHO)), st.sampled_from(["recall", "stop"]))
WAIT = st.tuples(st.just("wait"), st.sampled_from([1.0, ALONE_S - 1, ALONE_S, HELD_S + 1]))
CLASSES = st.sampled_from([("clear", "adjust", "standing_orders"), ("clear", "fly", "override"), ("adjust",), ()])
OF_VERB = {"clear": "clear", "adjust": "adjust", "adopt": "standing_orders"}


@pytest.fixture(scope="module")
def desk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@settings(max_examples=150, deadline=None)
@given(classes=CLASSES, steps=st.lists(st.one_of(FIRST, SECOND, ENDS, WAIT), max_size=14))
def test_nothing_of_a_class_is_done_by_one_and_nothing_that_ends_a_flight_waits(
    desk_folder: Path, classes: tuple[TwoPeopleFor, ...], steps: list[Any]
) -> None:
    async def story() -> None:
        desk = Desk(desk_folder, classes)
        held: list[tuple[str, str, str, float]] = []  # its name, its person, its verb, since when
        carried_out: set[str] = set()
        for kind, *step in steps:
            done, waiting = len(desk.acts), desk.fleet.two_people.waiting()
            if kind == "wait":
                desk.now_s += step[0]
            elif kind == "end":
                key, verb = step
                answer = await desk.order(key, verb)
                may = verb == "recall" or WHO[key][1] != "platform"
                assert (answer["status"] == "accepted") is may, answer
                assert desk.acts[done:] == ([(verb, WHO[key][0])] if may else [])
            elif kind == "first":
                key, verb = step
                answer = await desk.order(key, verb, {"digest": desk.adopted.here} if verb == "adopt" else None)
                person, role = WHO[key]
                wanted = "refused" if role != "on_site" else "held" if OF_VERB[verb] in classes else "accepted"
                assert answer["status"] == wanted, answer
                if wanted == "held":
                    assert desk.acts[done:] == []
                    held.append((answer["of"], person, verb, desk.now_s))
            elif held:
                key, alone, which = step
                of, first, verb, since = held[-1 - which % len(held)]
                key = key or first
                answer = await desk.order(key, "countersign", {"of": of, "alone": alone})
                person, role = WHO[key]
                two = person != first and role in ("brigade", "on_site")
                waited = alone and person == first and role == "on_site" and desk.now_s - since >= ALONE_S
                if answer["status"] == "accepted":
                    assert two or waited, (answer, step)
                    assert of not in carried_out
                    assert (answer["act"], answer["given_by"], answer["alone"]) == (verb, first, not two)
                    if verb != "adopt":
                        assert desk.acts[done:] == [(verb, f"{first} + {person}")]
                    carried_out.add(of)
                else:
                    assert desk.acts[done:] == []
                    assert of not in {one.of for one in waiting} or not (two or waited), answer

    asyncio.run(story())


def test_each_no_has_its_code_and_a_key_that_was_taken_back_counts_for_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path, ("clear",))
        revoked = desk.verifier._revoked = set[str]()
        of = (await desk.order("li", "clear"))["of"]
        nos = [
            await desk.order(key, "countersign", args)
            for key, args in (
                ("li", {"of": of}),
                ("li-2", {"of": of}),
                ("li-at-brigade", {"of": of, "alone": True}),
                ("li", {"of": of, "alone": True}),
                ("centre", {"of": of}),
                ("wang", {"of": "0" * 64}),
                ("wang", {"of": 1}),
                ("wang", {"of": of, "nest": "n1"}),
            )
        ]
        codes = "same_person same_person not_allowed too_early not_allowed not_held malformed malformed"
        assert [no["code"] for no in nos] == codes.split()
        revoked.add("li")
        assert (await desk.order("wang", "countersign", {"of": of}))["code"] == "revoked_key"
        assert desk.acts == []

    asyncio.run(story())


async def begun_again(desk: Desk, folder: Path, change: Callable[[Desk], None] = lambda _desk: None) -> Desk:
    """The same desk in the next life of its process, a second later."""
    again = Desk(folder, ("clear", "adjust"))
    again.now_s = desk.now_s + 1
    change(again)
    await again.held_file.load(again.fleet.two_people)
    return again


async def test_what_waits_goes_on_waiting_in_the_next_life_of_its_process(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ("clear", "adjust"))
    cleared, adjusted = [(await desk.order("li", verb))["of"] for verb in ("clear", "adjust")]
    await desk.order("mayor", "stop")
    desk.now_s += ALONE_S
    desk = await begun_again(desk, tmp_path)
    assert [(one.of, one.order.person) for one in desk.fleet.two_people.waiting()] == [
        (cleared, "li"), (adjusted, "li"),
    ]  # fmt: skip
    before = desk.now_ns() - round((ALONE_S + 1) * 1e9)
    assert desk.fleet.two_people.overtaken(Order("o", "fly", "n1", {}, "li", "on_site", given_ns=before - 10**9))
    assert not desk.fleet.two_people.overtaken(Order("o", "fly", "n1", {}, "li", "on_site", given_ns=before + 10**9))
    alone = await desk.order("li", "countersign", {"of": cleared, "alone": True})
    assert (alone["status"], alone["waited_s"], alone["alone"]) == ("accepted", ALONE_S + 1, True)
    kept = (tmp_path / NAME).read_bytes()
    assert (await desk.order("wang", "countersign", {"of": adjusted}))["status"] == "accepted"
    assert desk.acts == [("clear", "li + li"), ("adjust", "li + wang")]
    (tmp_path / NAME).write_bytes(kept)  # as a process leaves it that died before it was written anew
    desk = await begun_again(desk, tmp_path)
    assert desk.fleet.two_people.waiting() == []
    assert (await desk.order("wang", "countersign", {"of": adjusted}))["code"] == "not_held"
    assert desk.acts == []


async def test_flight_keeps_what_waits(tmp_path: Path) -> None:
    """The same through the assembled process, twice."""
    async with agent_rig(tmp_path, two_people=("clear",)) as rig:
        await until("the memory of orders", lambda: rig.fleet.verifier.epoch)
        held = await rig.fleet.submit(dated("on_site", "clear", {}, time.time()))
    assert held["status"] == "held", held
    async with agent_rig(tmp_path, two_people=("clear",)) as rig:
        await until("what waited", rig.fleet.two_people.waiting)
        sign_for_it = dated("brigade", "countersign", {"of": held["of"]}, time.time())
        assert (await rig.fleet.submit(sign_for_it))["code"] != "not_held"


async def test_what_waits_is_void_after_anything_that_makes_it_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, ("clear",))
    of = (await desk.order("li", "clear"))["of"]
    kept = opened((tmp_path / NAME).read_bytes(), KIND, LONGEST_BYTES)

    def edited(**change: str) -> bytes:
        (one,) = kept["held"]
        return enclosed(KIND, json.dumps({**kept, "held": [one | {"envelope": one["envelope"] | change}]}).encode())

    def other_epoch(again: Desk) -> None:
        again.guard.epoch = "another"

    def revoked(again: Desk) -> None:
        again.verifier._revoked = {"li"}

    def never_let_through(again: Desk) -> None:
        again.guard.forget(next(iter(again.guard._seen)))

    def other_boot(_again: Desk) -> None:
        monkeypatch.setenv(KERNEL_BOOT, "another")

    whole, other = edited(), edited(payload=kept["held"][0]["envelope"]["payload"].replace("clear", "adjust"))

    def nothing(_again: Desk) -> None:
        return

    for content, change, held in (
        (whole, nothing, [of]),
        (other, nothing, []),
        (edited(key="wang"), nothing, []),
        (whole[:-9] + b"}", nothing, []),
        (b"", nothing, []),
        (enclosed(KIND, b'{"boot":1,"held":[7]}'), nothing, []),
        (whole, other_epoch, []),
        (whole, revoked, []),
        (whole, never_let_through, []),
        (whole, other_boot, []),
    ):
        (tmp_path / NAME).write_bytes(content)
        again = await begun_again(desk, tmp_path, change)
        assert [one.of for one in again.fleet.two_people.waiting()] == held, (content, change)


def submit(r: FlightSim, fleet: Fleet, role: str, verb: str, args: dict[str, Any]) -> Awaitable[dict[str, Any]]:
    return fleet.submit(dated(role, verb, args, r.controller.context.wall().utc_s))


def dated(role: str, verb: str, args: dict[str, Any], at: float) -> dict[str, Any]:
    order = {"id": f"order-{next(NUMBER):06d}", "gateway": GATEWAY, "verb": verb, "nest": "n1", "at": at, "args": args}
    return sign(KEYS[role], f"k-{role}", order | {"epoch": EPOCH})


def flown(folder: Path, story: Callable[[FlightSim, Fleet], Awaitable[None]], *classes: TwoPeopleFor) -> FlightSim:
    async def with_two(r: FlightSim, fleet: Fleet) -> None:
        context = r.controller.context
        fleet.two_people = TwoPeople(classes, context.now_ns)
        fleet._restraint = Restraint(folder / "r.json", context.writer, context.now_ns, per_hour=9, rest_s=600.0)
        context.restrained = fleet._restraint.now
        fleet.adopted = adopted = Adopted(folder, context.writer, "digest")
        context.unadopted = lambda: fleet.two_people.needed("standing_orders") and not adopted.holds
        await story(r, fleet)

    return rehearse(folder, with_two)


def test_a_flight_and_the_end_of_a_rest_wait_for_a_second_person_and_the_record_names_both(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        held = await submit(r, fleet, "platform", "fly", fire())
        assert (held["status"], held["code"]) == ("held", "second_needed")
        await asyncio.sleep(20)
        assert r.controller.phase is Phase.REST
        assert r.truth.cover_motions == 0
        done = await submit(r, fleet, "brigade", "countersign", {"of": held["of"]})
        assert done["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        waiting = await submit(r, fleet, "on_site", "fly", fire(110.0, redirect=True))
        assert waiting["code"] in ("second_needed", "not_ready")
        assert (await submit(r, fleet, "platform", "recall", {}))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)
        for verb, args in (("fly", fire(100.0)), ("clear", {})):
            assert (await submit(r, fleet, "on_site", verb, args))["status"] == "held", "the rest is not ended by one"
        assert fleet._restraint is not None
        assert fleet._restraint.now().rests_s
        clear = next(one for one in fleet.two_people.waiting() if one.order.verb == "clear")
        assert clear.what == "override"
        assert (await submit(r, fleet, "brigade", "countersign", {"of": clear.of}))["status"] == "accepted"
        assert not fleet._restraint.now().rests_s

    r = flown(tmp_path, story, "fly", "override")
    lines = [line for line in kept(r) if line["verb"] == "countersign"]
    assert [(line["given_by"], line["by"], line["act"], line["alone"]) for line in lines] == [
        ("p-platform", "p-brigade", "fly", False), ("p-on_site", "p-brigade", "clear", False),
    ]  # fmt: skip
    assert r.auto.arm_count == 1


def test_a_held_flight_is_void_once_a_recall_came(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        held = await submit(r, fleet, "brigade", "fly", fire())
        await asyncio.sleep(1)
        assert (await submit(r, fleet, "brigade", "recall", {}))["code"] == "nothing_flies"
        assert (await submit(r, fleet, "on_site", "countersign", {"of": held["of"]}))["code"] == "overtaken"

    assert flown(tmp_path, story, "fly").auto.arm_count == 0


def test_standing_orders_hold_once_two_people_have_signed_for_them_as_they_stand(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        def doubts() -> list[str]:
            return [doubt.code for doubt in ready_view(r.controller)["doubts"]]

        no = await fleet.incident(incident_from(fire()))
        assert {about.facts["why"].code for about in no["reason"].facts["reasons"]} == {"standing_order.not_adopted"}
        assert "standing_order.none_adopted" in doubts()
        assert (await submit(r, fleet, "on_site", "adopt", {"digest": "another"}))["code"] == "not_taken"
        of = (await submit(r, fleet, "on_site", "adopt", {"digest": "digest"}))["of"]
        assert "standing_order.none_adopted" in doubts()
        assert (await submit(r, fleet, "brigade", "countersign", {"of": of}))["status"] == "accepted"
        assert "standing_order.none_adopted" not in doubts()
        again = Adopted(tmp_path, r.controller.context.writer, "digest")
        again.load()
        changed = Adopted(tmp_path, r.controller.context.writer, "changed")
        changed.load()
        assert (again.holds, changed.holds) == (True, False)
        assert (await fleet.incident(incident_from(fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)

    flown(tmp_path, story, "standing_orders")


def test_what_is_in_force_is_told_by_every_word_of_it() -> None:
    whole = Flight(keys=key_settings(), standing_orders=(STANDING,))
    assert whole.in_force() == Flight(standing_orders=(STANDING,)).in_force()
    other = STANDING.model_copy(update={"within_m": 301.0})
    assert len({whole.in_force(), Flight(standing_orders=(other,)).in_force(), Flight().in_force()}) == 3
