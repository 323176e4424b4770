"""First contact as documented: the line names a file that is not there yet, and a person puts it there."""

import asyncio
import json
from pathlib import Path
from typing import Any

from hil.proxy import Proxy
from hil.simulated_site.agent_process import AgentProcess
from protocols.opcua.certificate import ensure_own
from tests.opcua.a_site import a_server
from tests.opcua.test_technician import hydronest
from tests.waiting import patient

SITE = """
[gateway]
id = "g1"
clock = "system"
state_dir = "{folder}/state"

[[lines]]
id = "company"
kind = "opcua"
url = "opc.tcp://127.0.0.1:{port}/"
security = "basic256sha256"
server_certificate_file = "{folder}/trusted/company.der"

[[lines]]
id = "plain"
kind = "opcua"
url = "opc.tcp://127.0.0.1:{other}/"

[[devices]]
id = "H1"
kind = "hydrant"
profile = "hydrant/opcua"
line = "company"
unit = "H1"

[[devices]]
id = "H2"
kind = "hydrant"
profile = "hydrant/opcua"
line = "plain"
unit = "H2"

[journal]
cap_mb = 16
event_floor_mb = 1
"""


async def lines(agent: AgentProcess) -> dict[str, Any]:
    return {line["id"]: line for line in (await agent.ask("status"))["lines"]}


async def test_a_line_without_an_accepted_certificate_waits_alone_and_says_what_to_do(tmp_path: Path) -> None:
    """On 7afa785 `check` gave 78 and the whole agent refused to start; only a reload brought an accepted line up."""
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    async with a_server(certificate=pair) as server, Proxy(server.port) as path:
        site = tmp_path / "site.toml"
        site.write_text(SITE.format(folder=tmp_path, port=server.port, other=path.port), encoding="utf-8")
        code, out, _ = await hydronest("check", str(site), "--json")
        assert code == 0
        (doubt,) = json.loads(out)
        assert (doubt["doubtful"], doubt["reason"]["code"]) == (True, "settings.no_certificate_yet")
        async with AgentProcess(site, tmp_path / "state/control.sock", tmp_path / "agent.log") as agent:
            await agent.start()
            await agent.ready()
            async with patient("the other line is up, this one says why not", 30):
                while not (now := await lines(agent))["plain"]["up"] or now["company"]["up"] is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert now["company"]["up"] is False
            reason = now["company"]["reason"]
            assert (reason["code"], reason["facts"]["line"]) == ("opcua.trust_first", "company")
            assert set(await agent.ask("bus.stats")) == {"company", "plain"}
            shown = {offer["fingerprint"] for offer in (await agent.ask("opcua.offers", line="company"))["offers"]}
            (fingerprint,) = shown - {""}
            await agent.ask("opcua.accept", line="company", fingerprint=fingerprint)
            async with patient("accepted, it comes by itself", 30):
                while not (await lines(agent))["company"]["up"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert await agent.stop() == 0
