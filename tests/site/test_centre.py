"""The whole agent and a fire centre: questions answered from what was read, a duty check answered by a person."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from agent.settings.load import load
from hil.centre import Centre
from tests.site.together import together
from tests.waiting import patient

SITE = """
[gateway]
id = "g1"
state_dir = "state"

[[lines]]
id = "market"
kind = "tcp"
host = "127.0.0.1"
port = 1

[[devices]]
id = "H001"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "market"
unit = 1

[[uplinks]]
id = "centre"
kind = "gb26875"
host = "127.0.0.1"
port = {port}
address = 7
centre_address = 1
seats = {{ H001 = {{ component_address = 9 }} }}
"""


@pytest_asyncio.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    await centre.start()
    yield centre
    await centre.stop()


async def until(centre: Centre, ready: Callable[[], object]) -> None:
    async with patient("the centre has it", 20, lambda: (len(centre.kept), len(centre.answers))):
        while not ready():
            centre.arrived.clear()
            await centre.arrived.wait()


async def asked(path: Path, **question: Any) -> dict[str, Any]:
    """One question to the control socket, once it is there."""
    async with patient("the agent answers"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(json.dumps(question).encode() + b"\n")
        try:
            answer: dict[str, Any] = json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()
        return answer


async def test_a_centre_asks_and_a_person_answers(tmp_path: Path, centre: Centre) -> None:
    file = tmp_path / "site.toml"
    file.write_text(SITE.format(port=centre.port), encoding="utf-8")
    settings = load(file)
    async with together(settings):
        await until(centre, lambda: centre.kept)  # the hydrant does not answer: that is told by itself
        assert centre.kept[0].type in (2, 21)
        centre.ask(85, [{"reserved": 0}])
        await until(centre, lambda: centre.answers)
        answer = centre.answers[0][1]
        assert answer is not None
        assert answer.objects[0] == {"major": 0, "minor": 1}
        assert (await asked(settings.socket_path, ask="duty.answer", operator=12))["code"] == "not_found"
        centre.tell(91, [{"minutes": 5}])
        await until(centre, lambda: centre.confirmed_to_us)
        (check,) = (await asked(settings.socket_path, ask="duty.list"))["value"]["open"]
        assert check["subject"] == "centre"
        assert 200 < check["left_s"] <= 300
        told = await asked(settings.socket_path, ask="duty.answer", operator=12)
        assert told["value"] == {"answered": ["centre"], "operator": 12}
        await until(centre, lambda: centre.kept[-1].type == 24)
        assert centre.kept[-1].fields["operator"] == 12
        told = await asked(settings.socket_path, ask="duty.list")
        assert told["value"] == {"open": [], "answered": 1, "missed": 0}
