"""The technician's commands against a real server, without an agent and through one."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.control.request import RequestError
from agent.opcua.access import OpcuaAccess
from hil.opcua.hydrant import WATER_NAMESPACE, hydrants_nodes
from hil.opcua.server import HydrantServer
from protocols.opcua.certificate import ensure_own
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.trust_store import fingerprint

PRESSURE = f"nsu={WATER_NAMESPACE};s=H1.Pressure"


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[HydrantServer]:
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    async with HydrantServer(hydrants_nodes(["H1", "H2"]), namespace=WATER_NAMESPACE, certificate=pair) as server:
        yield server


async def hydronest(*words: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of the command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_without_an_agent_the_commands_connect_by_themselves(server: HydrantServer, tmp_path: Path) -> None:
    options = ("--socket", str(tmp_path / "nobody.sock"), "--lang", "en")
    code, out, _ = await hydronest("opcua", "browse", server.url, *options, "--json")
    found = {row["node"]: row for row in json.loads(out)}
    assert code == 0
    assert found[PRESSURE] == {"node": PRESSURE, "name": "Pressure", "depth": 3, "kind": "variable"}
    code, out, _ = await hydronest("opcua", "read", server.url, PRESSURE, "ns=2;s=absent", *options, "--json")
    good, absent = json.loads(out)
    assert (code, good["value"], good["status"], good["type"]) == (1, 350.0, "Good", "Double")
    assert (absent["value"], absent["status"]) == (None, "BadNodeIdUnknown")
    kept = tmp_path / "kept.der"
    code, _, err = await hydronest("opcua", "trust", server.url, "--to", str(kept), *options)
    assert code == 2, "nothing is believed without a yes"
    assert "fingerprint" in err
    assert not kept.exists()
    code, _, err = await hydronest("opcua", "trust", server.url, "--to", str(kept), "--yes", *options)
    assert (code, err.count(fingerprint(kept.read_bytes()))) == (0, 1)
    code, out, _ = await hydronest("opcua", "read", server.url, PRESSURE, "--socket", "/nobody", "--lang", "zh")
    assert (code, "节点" in out) == (0, True)


async def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    options = ("--socket", str(tmp_path / "nobody.sock"), "--lang", "en")
    for words, wanted in (
        (("read", "opc.tcp://127.0.0.1:1/", "i=2258"), "nothing listens"),
        (("read", "nowhere", "i=2258", "--site", "config/hydronest.example.toml"), "no OPC UA line"),
        (("browse", "opc.tcp://127.0.0.1:1/", "--depth", "99"), "1 to 10"),
    ):
        code, out, err = await hydronest("opcua", *words, *options)
        assert code != 0
        assert wanted in err
        assert "Traceback" not in err + out


async def test_what_the_desk_refuses(server: HydrantServer, tmp_path: Path) -> None:
    """A certificate swapped between the look and the yes, and nodes nobody can read."""
    desk = OpcuaAccess(lambda _: Endpoint(server.url, trust=tmp_path / "pinned.der"))
    (shown,) = {offer["fingerprint"] for offer in (await desk.offers("water"))["offers"] if offer["fingerprint"]}
    with pytest.raises(RequestError) as refused:
        await desk.accept("water", "AB:CD")
    assert refused.value.code == "refused"
    assert not (tmp_path / "pinned.der").exists()
    assert (await desk.accept("water", shown))["kept_at"] == str(tmp_path / "pinned.der")
    assert fingerprint((tmp_path / "pinned.der").read_bytes()) == shown
    for node in ("nsu=urn:nowhere;s=x", "rubbish", "ns=two;s=x"):
        with pytest.raises(RequestError, match=r"node|namespace"):
            await desk.read("water", [node])


def test_passwords_stay_out_of_sight() -> None:
    shown: Any = repr(Endpoint("opc.tcp://host", user="u", password="geheim"))
    assert "geheim" not in shown
