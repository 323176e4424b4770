"""Chromium without a screen, steered through its own pipe (the DevTools protocol): a page as a person has it."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hil.processes import family, lives
from tests.waiting import patient, until

PROGRAM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed (make peers)")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
    "--disable-dev-shm-usage", "--mute-audio", "about:blank",
)  # fmt: skip


class Browser:
    """One page. `wrong` is what its console complains of, `asked` every address that was asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._session = ""

    async def hear(self) -> None:
        """For ever: what the browser says."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if (number := told.get("id")) in self._answers:
                    self._answers.pop(number).set_result(told)
                self._event(told.get("method", ""), told.get("params", {}))

    def _event(self, method: str, told: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.wrong.append(json.dumps(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.wrong.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")

    async def say(self, method: str, **params: Any) -> Any:
        """One command, its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        about = {"sessionId": self._session} if self._session else {}
        self._writer.write(json.dumps({"id": number, "method": method, "params": params, **about}).encode() + b"\0")
        async with patient(f"chromium answers {method}", 30.0):
            told = await answer
        assert "error" not in told, told
        return told["result"]

    async def begin(self) -> None:
        """Take hold of its page."""
        targets = (await self.say("Target.getTargets"))["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = (await self.say("Target.attachToTarget", targetId=page, flatten=True))["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.say(f"{domain}.enable")

    async def run(self, script: str) -> Any:
        """What a script comes to on the page."""
        told = await self.say("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def go(self, address: str, ready: str = "document.readyState == 'complete'") -> None:
        """Open an address, and wait until the script says that it is there."""
        await self.say("Page.navigate", url=address)
        await self.wait(f"{address.partition('#')[0]} is shown", ready)

    async def wait(self, what: str, script: str) -> None:
        """Until the script says so."""
        async with patient(what, 30.0):
            while True:
                with contextlib.suppress(AssertionError):  # between two pages there is none to ask
                    if await self.run(f"Boolean({script})"):
                        return
                await asyncio.sleep(0.05)

    async def wide(self, pixels: int, high: int = 900) -> None:
        """As wide as that screen."""
        await self.say(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=high, deviceScaleFactor=1, mobile=pixels < 500
        )

    async def picture(self, file: Path) -> None:
        """What is to be seen now."""
        told = await self.say("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(told["data"]))


@contextlib.asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """One that has never been anywhere; nothing of it is left at the end."""
    (ours_in, its_out), (its_in, ours_out) = os.pipe(), os.pipe()
    line = f'exec "$0" "$@" 3<&{its_in} 4>&{its_out}'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", line, str(PROGRAM), f"--user-data-dir={folder}", *FLAGS),
        pass_fds=(its_in, its_out), stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
    )  # fmt: skip
    os.close(its_in)
    os.close(its_out)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_in, "rb"))
    outgoing, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(ours_out, "wb"))
    found = Browser(reader, asyncio.StreamWriter(outgoing, protocol, None, loop))
    hearing = asyncio.create_task(found.hear())
    try:
        await found.begin()
        yield found
    finally:
        everybody = [process.pid, *family(process.pid)]
        for pid in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await process.wait()
        hearing.cancel()
        await asyncio.wait({hearing})
        incoming.close()
        outgoing.close()
        await until("nothing of it is left", lambda: not any(map(lives, everybody)))
