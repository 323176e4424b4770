"""What a running agent costs: CPU time, context switches and memory of each of its processes, from /proc."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from hil.processes import family
from hil.simulated_site.agent_process import AgentProcess


@dataclass(frozen=True, slots=True)
class Spent:
    """By process since it began. `cpu_s` is to the nanosecond where /proc tells so; `switches` are its wake-ups."""

    points: int
    cpu_s: dict[str, float]
    switches: dict[str, int]

    def since(self, before: "Spent") -> "Spent":
        """What was spent in between."""
        return Spent(
            self.points - before.points,
            {name: cpu_s - before.cpu_s.get(name, 0.0) for name, cpu_s in self.cpu_s.items()},
            {name: count - before.switches.get(name, 0) for name, count in self.switches.items()},
        )

    @property
    def ms_per_kpt(self) -> float:
        """CPU milliseconds of all processes for each 1,000 points."""
        return sum(self.cpu_s.values()) * 1e6 / self.points


async def spent(agent: AgentProcess) -> Spent:
    """As of now."""
    processes = names(agent)
    points: int = (await agent.ask("intake"))["readings"]
    tasks = {name: list(Path(f"/proc/{pid}/task").iterdir()) for pid, name in processes.items()}
    return Spent(
        points,
        {
            name: sum(int((one / "schedstat").read_text().split()[0]) for one in all_of) / 1e9
            for name, all_of in tasks.items()
        },
        {name: sum(map(_switches, all_of)) for name, all_of in tasks.items()},
    )


def names(agent: AgentProcess) -> dict[int, str]:
    """Every process of it: `master`, its children by name, and what else there is by number."""
    known = {agent.pid: "master"}
    try:
        tree = orjson.loads(agent.socket.with_name("tree.json").read_bytes())
    except OSError:
        return {pid: known.get(pid, str(pid)) for pid in family(agent.pid)}  # a version of one process
    known |= {life["pid"]: life["child"] for life in tree["children"]}
    return {pid: known.get(pid, str(pid)) for pid in family(agent.pid)}


def pss_mb(agent: AgentProcess) -> dict[str, float]:
    """Resident memory by process; what several share is each one's in part, so the sum is the agent's."""
    return {name: _pss_mb(pid) for pid, name in names(agent).items()}


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _switches(task: Path) -> int:
    lines = (task / "status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
