"""One flight at a time: who holds the lock is known and asked, and the kernel lets go for the dead."""

import asyncio
import signal
import sys
from pathlib import Path

from agent.flight.sole import sole
from tests.waiting import until

HOLD = """
import asyncio, signal, sys
from pathlib import Path
from agent.flight.sole import sole
async def hold():
    heeded = asyncio.Event()
    heeds = sys.argv[2] == "heeds"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, heeded.set if heeds else lambda: None)
    async with sole(Path(sys.argv[1])):
        print("held", flush=True)
        await heeded.wait()
asyncio.run(hold())
"""


async def holding(path: Path, how: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, str(path), how), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    return process


async def test_an_orphan_is_asked_to_let_go_and_does(tmp_path: Path) -> None:
    orphan, waited = await holding(tmp_path / "lock", "heeds"), list[int]()
    async with sole(tmp_path / "lock", waited.append):
        assert waited == [orphan.pid, 0]
    assert await orphan.wait() == 0


async def test_who_does_not_heed_it_keeps_a_second_one_out_until_it_is_dead(tmp_path: Path) -> None:
    first = await holding(tmp_path / "lock", "does not")
    got = asyncio.Event()

    async def second() -> None:
        async with sole(tmp_path / "lock"):
            got.set()

    task = asyncio.create_task(second())
    await asyncio.sleep(0.5)
    assert not got.is_set()
    first.send_signal(signal.SIGKILL)
    await first.wait()
    await task
    assert got.is_set()


async def test_a_lock_that_was_removed_under_its_holder_lets_no_second_one_in(tmp_path: Path) -> None:
    first = await holding(tmp_path / "lock", "does not")
    (tmp_path / "lock").unlink()
    waited = list[int]()
    got = asyncio.Event()

    async def second() -> None:
        async with sole(tmp_path / "lock", waited.append):
            got.set()

    task = asyncio.create_task(second())
    await until("it waits", lambda: waited)
    assert waited[0] == first.pid
    assert not got.is_set()
    first.send_signal(signal.SIGKILL)
    await first.wait()
    await task
    assert got.is_set()
