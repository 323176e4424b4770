"""kill -9 and SIGSTOP of core and of the uplinks while records flow: nothing committed is lost, order is kept."""

import asyncio
import os
import random
import signal
from pathlib import Path

from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from tests.site.test_kills import drained, nothing_is_lost, saw_tooth
from tests.waiting import until

ROUNDS = int(os.environ.get("HYDRONEST_ROUNDS", "2"))
HARMS = (
    ("core", signal.SIGKILL),
    ("uplinks", signal.SIGKILL),
    ("core", signal.SIGSTOP),
    ("uplinks", signal.SIGSTOP),
)
AWAY_S = 1.5


async def harmed(agent: AgentProcess, child: str, number: signal.Signals) -> None:
    """Kill a child, which must be replaced; or hold it for a while, which must not."""
    before = agent.child(child)
    os.kill(before, number)
    if number is signal.SIGSTOP:
        await asyncio.sleep(AWAY_S)
        os.kill(before, signal.SIGCONT)
        assert agent.child(child) == before
    else:
        await until(f"a new {child}", lambda: _pid(agent, child) not in (0, before), 20)


def _pid(agent: AgentProcess, child: str) -> int:
    try:
        return agent.child(child)
    except KeyError:
        return 0


async def test_each_child_killed_and_held_again_and_again_costs_nothing_that_was_committed(tmp_path: Path) -> None:
    dice = random.Random(11)
    poll = "poll_s = { alarm = 0.5, fast = 0.5, slow = 30 }\n"
    async with SimulatedSite(tmp_path, opcua=False, confirm="platform", poll_s=poll, commit_every_s=0.1) as town:
        for hydrant in town.terminals:
            saw_tooth(town, hydrant)
        text = town.site_file.read_text(encoding="utf-8")
        town.site_file.write_text(text.replace('confirm = "platform"', 'confirm = "platform"\norder = "strict"'))
        async with AgentProcess(town.site_file, town.state_dir / "control.sock", tmp_path / "agent.log") as agent:
            await agent.start()
            await agent.ready()
            supervisor = agent.pid
            for _ in range(ROUNDS):
                for child, number in dice.sample(HARMS, len(HARMS)):
                    count = len(town.store.order())
                    await until("records flow", lambda: len(town.store.order()) > count + 3, 20)  # noqa: B023
                    await harmed(agent, child, number)
            await agent.ready()
            await drained(agent)
            assert agent.pid == supervisor
            assert await agent.stop() == 0, agent.last_words()
        committed = nothing_is_lost(town)
        assert len({boot for boot, _ in committed}) >= ROUNDS
        for priority in ("event", "telemetry"):
            seqs = [seq for _, _, seq in town.store.order(priority)]
            assert seqs == sorted(seqs)
