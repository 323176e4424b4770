"""A crowd in a process of its own: `python -m tests.bench.flight.crowd CORE FLIGHT`, their sockets.

It goes on until its input ends, and then prints what came of it, as one JSON object.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import orjson

from tests.bench.flight.again import again, beside

CLIENTS = 500
"""That say nothing, and as many that never stop."""


async def asked(socket: Path, question: bytes, within_s: float) -> str:
    """The code of the last line of the answer, "answered" for one that is whole. OSError where it is hung up on."""
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=1 << 24)
    try:
        writer.write(question + b"\n")
        async with asyncio.timeout(within_s):
            while line := await reader.readline():
                answer = orjson.loads(line)
                if not answer.get("more"):
                    return "answered" if answer["ok"] else str(answer["code"])
        raise ConnectionResetError("hung up on")
    finally:
        writer.close()


async def main(core: Path, flight: Path) -> None:
    """The crowd."""
    took = Counter[str]()

    async def idle(socket: Path) -> None:
        reader, writer = await asyncio.open_unix_connection(str(socket))
        took["idle"] += 1
        try:
            await reader.read()  # hung up on in the end, and then it is back at the door
        finally:
            writer.close()

    async def asking(who: str, socket: Path, question: bytes) -> None:
        took[f"{who} {await asked(socket, question, 30)}"] += 1

    questions = ("core", core, b'{"ask": "status"}'), ("flight", flight, b'{"ask": "nest.list"}')
    silent = (again(lambda n=n: idle(questions[n % 2][1]), 0.5) for n in range(CLIENTS))  # type: ignore[misc]
    loud = (again(lambda n=n: asking(*questions[n % 2])) for n in range(CLIENTS))  # type: ignore[misc]
    async with beside(*silent, *loud):
        await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write(orjson.dumps(took).decode())


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:])))
