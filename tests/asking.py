"""A control socket asked as a program does, and as a person does with the command."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from agent.control.client import Connection
from tests.waiting import output_of


async def ask(path: Path, name: str, **args: object) -> Any:
    """The last answer to one question."""

    def work() -> object:
        with Connection(str(path), 5) as agent:
            return list(agent.stream(name, **args))[-1]

    return await asyncio.to_thread(work)


async def cli(path: Path, *args: str, lang: str = "en") -> tuple[int, str, str]:
    """Exit code, output and error output of `hydronest` in a process of its own; never a traceback."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", *args),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "HYDRONEST_SOCKET": str(path), "HYDRONEST_LANG": lang, "LC_ALL": "C"},
        cwd=Path(__file__).parents[1],
    )
    out, err = await output_of(process)
    assert b"Traceback" not in err, err.decode()
    return process.returncode or 0, out.decode(), err.decode()
