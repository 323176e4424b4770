"""`hydronest demo` as a newcomer uses it: in a terminal, breaking things with its keys, reading the account."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.terminal_reader import Session

pytestmark = pytest.mark.timeout(180)


async def test_a_wire_is_cut_the_platform_stopped_the_agent_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en", "TMPDIR": str(tmp_path)}
    async with Session(140, 34, environment, "demo", "--for", "90s", "--keep", str(tmp_path / "d"), "--json") as demo:
        await demo.until(lambda text: "10 ok" in text and "2 bad" in text, 60)
        demo.type("c")
        await demo.until(lambda text: "wire is CUT" in text, 10)
        demo.type("x")
        await demo.until(lambda text: "killed 1 times" in text, 10)
        demo.type("p")
        await demo.until(lambda text: "platform is GONE" in text, 10)
        await demo.until(lambda text: "uplink" in text and re.search(r"[1-9]\d* wait", text) is not None, 40)
        demo.type("c")
        demo.type("q")
        screen = await demo.until(lambda text: '"lost"' in text, 60)
        assert await demo.process.wait() == 0, screen
    account = json.loads(screen[screen.rindex("{") : screen.rindex("}") + 1].replace("\n", ""))
    assert account["kills"] == 1
    assert account["lost"] == 0
    assert account["received"] == account["committed"] > 100
    assert account["read"] > account["committed"]


async def test_it_refuses_a_time_it_cannot_read(tmp_path: Path) -> None:
    environment = {**os.environ, "HYDRONEST_LANG": "en"}
    async with Session(100, 20, environment, "demo", "--for", "soon") as demo:
        assert await demo.process.wait() == 2
        await demo.until(lambda text: "not soon" in text)
