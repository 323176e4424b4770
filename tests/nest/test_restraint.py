"""A right to launch that was stolen or went mad: so many an hour, and a rest after a recall that ends on site."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.incident import incident_from
from agent.flight.orders.restraint import HOUR_NS, STANDING, Restraint
from agent.flight.views import ready_view
from hil.flight_sim import FlightSim
from tests.nest.agent_rig import fire
from tests.nest.test_dispatch import Story, rehearse, signed

REST_S = 600.0


class AtOnce:
    """A writer whose card takes everything at once."""

    def later(self, call: Any) -> bool:
        call()
        return True

    def done(self, call: Any) -> "asyncio.Future[None]":
        raise NotImplementedError


def restraint(path: Path, now: list[int], per_hour: int = 3) -> Restraint:
    return Restraint(path, AtOnce(), lambda: now[0], per_hour=per_hour, rest_s=REST_S)


def restrained(folder: Path, story: Story, per_hour: int = 9) -> FlightSim:
    async def with_it(r: FlightSim, fleet: Fleet) -> None:
        context = r.controller.context
        fleet._restraint = Restraint(
            folder / "restraint.json", context.writer, context.now_ns, per_hour=per_hour, rest_s=REST_S
        )
        context.restrained = fleet._restraint.now
        await story(r, fleet)

    return rehearse(folder, with_it)


def why(answer: dict[str, Any]) -> set[str]:
    return {about.facts["why"].code for about in answer["reason"].facts["reasons"]}


@pytest.mark.parametrize("how", ["signed", "on the spot", "stop"])
def test_after_a_recall_nobody_off_site_launches_for_a_while(tmp_path: Path, how: str) -> None:
    """B4: an incident flown to by a standing order again at once after a recall on site."""

    async def story(r: FlightSim, fleet: Fleet) -> None:
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        if how == "on the spot":
            fleet.on_site("recall", "n1", "uid 1000")
        elif how == "stop":
            await fleet.submit(signed(r, "stop", "emergency"))
        else:
            await fleet.submit(signed(r, "recall"))
        ended_s = asyncio.get_running_loop().time()
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert "order.rests" in [doubt.code for doubt in ready_view(r.controller)["doubts"]]
        for role in ("platform", "brigade"):
            assert why(await fleet.submit(signed(r, "fly", role, **fire(100.0)))) == {"order.rests"}
        assert why(await fleet.incident(incident_from(fire(90.0)))) == {"order.rests"}
        assert r.controller.phase is Phase.REST
        await asyncio.sleep(ended_s + REST_S + 1 - asyncio.get_running_loop().time())
        assert (await fleet.submit(signed(r, "fly", "platform", **fire(80.0))))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)

    restrained(tmp_path, story)


@pytest.mark.parametrize("verb", ["clear", "fly"])
def test_somebody_on_site_ends_the_rest(tmp_path: Path, verb: str) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        await fleet.submit(signed(r, "recall"))
        await r.until(lambda: r.controller.phase is Phase.REST)
        args = fire(100.0) if verb == "fly" else {}
        assert (await fleet.submit(signed(r, verb, "on_site", **args)))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert (await fleet.submit(signed(r, "fly", "platform", **fire(80.0))))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)
        nothing = await fleet.submit(signed(r, "clear", "on_site"))
        assert nothing["reason"].code == "order.nothing_to_clear"

    restrained(tmp_path, story)


def test_a_key_launches_so_often_an_hour_and_costs_no_other_its_right(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        async def fly(role: str, **more: Any) -> dict[str, Any]:
            return await fleet.submit(signed(r, "fly", role, **fire(**more)))

        first_s = asyncio.get_running_loop().time()
        for number in range(2):
            assert (await fly("brigade", north_m=100.0 + number))["status"] == "accepted"
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
            led = await fleet.submit(signed(r, "fly", "brigade", **fire(60.0 + number), redirect=True))
            assert led["status"] == "accepted", "leads on what is out: no launch"
            await r.until(lambda: r.controller.phase is Phase.REST)
            await r.until(lambda: r.ready)
        assert why(await fly("brigade", north_m=90.0)) == {"order.too_many_launches"}
        assert (await fly("on_site", north_m=80.0))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)
        await r.until(lambda: r.ready)
        await asyncio.sleep(first_s + 3600 - asyncio.get_running_loop().time())
        assert (await fly("brigade", north_m=70.0))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)

    restrained(tmp_path, story, per_hour=2)


def test_a_restart_shortens_nothing_nor_does_a_machine_that_began_anew(tmp_path: Path) -> None:
    path, now = tmp_path / "restraint.json", [10 * HOUR_NS]
    before = restraint(path, now)
    before.launched("k1")
    before.launched(STANDING)
    before.recalled("n1")
    now[0] += 60 * 10**9
    again = restraint(path, now)
    again.load()
    assert again.now()[:3] == ({"k1": 1, STANDING: 1}, 3, {"n1": REST_S - 60})
    now[0] = 5 * 10**9  # the machine's clock since its start
    anew = restraint(path, now)
    anew.load()
    assert anew.now()[:3] == ({"k1": 1, STANDING: 1}, 3, {"n1": REST_S})
    now[0] += HOUR_NS
    assert anew.now()[:3] == ({}, 3, {})


@pytest.mark.parametrize("text", ["", "[]", '{"launches": 1}', '{"launches": [[1]], "recalled": {}}', "[" * 5000])
def test_a_spoilt_file_lifts_nothing_but_for_who_is_on_site(tmp_path: Path, text: str) -> None:
    path, now = tmp_path / "restraint.json", [2 * HOUR_NS]
    path.write_text(text)
    one = restraint(path, now)
    one.load()
    assert (one.now().forgotten_s, one.now().lifted) == (3600, frozenset())
    one.recalled("n1")
    assert one.now().rests_s == {"n1": REST_S}
    assert one.lift("n2") and not one.lift("n2"), "who is on site says that it may fly"
    assert one.now().lifted == {"n2"}
    now[0] += 600 * 10**9
    again = restraint(path, now)
    again.load()
    assert again.now().forgotten_s == 3000, "a restart does not forget that it forgot"
    now[0] += HOUR_NS
    assert again.now().forgotten_s == 0


def test_after_a_spoilt_file_nobody_off_site_launches_for_an_hour(tmp_path: Path) -> None:
    (tmp_path / "restraint.json").write_text("spoilt")

    async def story(r: FlightSim, fleet: Fleet) -> None:
        assert fleet._restraint is not None
        fleet._restraint.load()
        for role in ("platform", "brigade"):
            assert why(await fleet.submit(signed(r, "fly", role, **fire()))) == {"order.restraint_forgotten"}
        assert why(await fleet.incident(incident_from(fire(90.0)))) == {"order.restraint_forgotten"}
        assert "order.restraint_forgotten" in [doubt.code for doubt in ready_view(r.controller)["doubts"]]
        assert (await fleet.submit(signed(r, "clear", "on_site")))["status"] == "accepted"
        assert (await fleet.submit(signed(r, "fly", "platform", **fire(80.0))))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)

    restrained(tmp_path, story)
