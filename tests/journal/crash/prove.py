"""`python -m tests.journal.crash.prove --states 100000`: play back power cuts until that many states were checked."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from agent.journal import body
from agent.journal.files import wal_of
from agent.journal.ledger import Ledger, Work
from agent.journal.mending import Sweep
from agent.link.record import PriorityClass
from tests.journal.crash.recorder import Log, RecordingVFS
from tests.journal.crash.states import State, crash_states
from tests.journal.crash.workload import KERNEL, BrokenPromise, Life, fingerprint
from tests.journal.things import sample

OPEN_LIMIT_S = 2.0


@dataclass
class Account:
    """What a proof has seen."""

    states: int = 0
    rounds: int = 0
    commits: int = 0
    slowest_open_s: float = 0.0
    broken: list[str] = field(default_factory=list)


def folder() -> Path:
    """Somewhere fast: memory where there is any."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="journal-crash-", dir=memory if memory.is_dir() else None))


def prove_round(
    home: Path, seed: int, account: Account, *, steps: int, each: int, most: int, synchronous: str = "FULL"
) -> None:
    """One life under the recorder, then every cut of it; several lives follow on one of the states left behind."""
    rng = random.Random(seed)
    log = Log(recording=False)
    name = f"recorder-{os.getpid()}-{seed}"
    vfs = RecordingVFS(name, log)
    path = home / "live.db"
    for old in home.iterdir():
        old.unlink()
    life = Life(path, rng, synchronous=synchronous, full=rng.random() < 0.5)
    life.open()
    life.live(rng.randrange(0, 120))
    life.ledger.close()
    base = {"db": path.read_bytes(), "wal": wal_of(path).read_bytes()}
    life.vfs = name
    log.recording = True
    life.open()
    life.acked = lambda tick: log.entries.append(("acked", tick))
    acked = life.ledger.tally.tick
    try:
        life.live(steps)
        log.recording = False
    finally:
        life.ledger.close()
    del vfs
    account.commits += life.ledger.commits
    seen: set[tuple[int, ...]] = set()
    for state in crash_states(log, base, acked, rng, each):
        if account.states >= most or account.broken:
            return
        if state.name in seen:
            continue
        seen.add(state.name)
        account.states += 1
        trouble = check_state(home / "found.db", state, life, rng, account)
        if trouble:
            account.broken.append(f"seed {seed}, state {state.name}: {trouble}")
    account.rounds += 1


def check_state(path: Path, state: State, life: Life, rng: random.Random, account: Account) -> str:
    """Start on what the cut left behind; '' if every promise holds, otherwise which does not."""
    path.write_bytes(state.files["db"])
    wal_of(path).write_bytes(state.files["wal"])
    boot = rng.getrandbits(47) | 1
    ledger = Ledger(path, life.plan, boot=boot, kernel_boot=KERNEL, now_ms=lambda: life.now_ms)
    started = time.perf_counter()
    try:
        ledger.open()
    except Exception as trouble:  # whatever it is, it did not start
        return f"does not start: {type(trouble).__name__}: {trouble}"
    took = time.perf_counter() - started
    account.slowest_open_s = max(account.slowest_open_s, took)
    try:
        if took > OPEN_LIMIT_S:
            return f"took {took:.2f} s to start"
        if ledger.damage:
            return f"took the power cut for damage: {ledger.damage}"
        tick = ledger.tally.tick
        if tick < state.acked:
            return f"commit {state.acked} was acknowledged, the newest found is {tick}"
        if fingerprint(ledger) != life.prints.get(tick):
            return f"what is found is not what commit {tick} left"
        if rng.random() < 0.1:
            return _goes_on(ledger)
        return ""
    except (BrokenPromise, apsw.Error) as trouble:
        return f"{type(trouble).__name__}: {trouble}"
    finally:
        ledger.let_go()


def _goes_on(ledger: Ledger) -> str:
    """It can be written to, the sequence goes on, and the sweep finds no hole."""
    before = ledger.tally.next_seq
    stored = ledger.commit(Work(drafts=[body.telemetry([sample(1)])]))
    if stored[-1].row.seq < before:
        return f"{stored[-1].row.seq} was used before"
    sweep = Sweep()
    while not sweep.rounds:
        if sweep.step(ledger, 1000):
            return "the sweep found a hole"
    return "" if all(ledger.tally[priority].balanced for priority in PriorityClass) else "the account does not balance"


def prove(states: int, seed: int, *, each: int = 5, steps: int = 20, synchronous: str = "FULL") -> Account:
    """Rounds until `states` distinct states were checked or a promise was broken."""
    account = Account()
    home = folder()
    try:
        while account.states < states and not account.broken:
            try:
                prove_round(home, seed, account, steps=steps, each=each, most=states, synchronous=synchronous)
            except BrokenPromise as trouble:
                account.broken.append(f"seed {seed}, live: {trouble}")
            seed += 1
    finally:
        shutil.rmtree(home)
    return account


def _worker(arguments: tuple[int, int]) -> Account:
    return prove(*arguments)


def main() -> int:
    """Run the proof on every core and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    share = -(-options.states // options.workers)
    started = time.perf_counter()
    with multiprocessing.Pool(options.workers) as pool:
        jobs = [(share, options.seed + 1_000_000 * i) for i in range(options.workers)]
        accounts = pool.map(_worker, jobs)
    took = time.perf_counter() - started
    total = sum(account.states for account in accounts)
    slowest = max(account.slowest_open_s for account in accounts) * 1000
    lives, commits = sum(a.rounds for a in accounts), sum(a.commits for a in accounts)
    print(f"{total} distinct crash states of {commits} commits in {lives} lives, seed {options.seed}")
    print(f"{took:.0f} s, {total / took:.0f} states/s, slowest start {slowest:.0f} ms")
    broken = [trouble for account in accounts for trouble in account.broken]
    for trouble in broken:
        print(f"BROKEN: {trouble}")
    print("0 broken promises" if not broken else f"{len(broken)} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
