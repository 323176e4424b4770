"""What the control socket answers about the uplinks: `uplink.status`, `.pause`, `.resume`, `.replay`."""

from collections.abc import Mapping
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.uplinks.forwarder import Forwarder


def register_uplinks(server: ControlServer, forwarders: Mapping[str, Forwarder]) -> None:
    """Answer for these forwarders, by uplink id. The mapping may change while the agent runs."""

    def named(request: Request) -> Forwarder:
        name = request.text("uplink")
        if name not in forwarders:
            known = ", ".join(forwarders) or "none"
            raise RequestError("not_found", f"there is no uplink {name}", f"Uplinks here: {known}.")
        return forwarders[name]

    async def status(_request: Request) -> list[dict[str, Any]]:
        return [forwarder.status() for forwarder in forwarders.values()]

    async def pause(request: Request) -> dict[str, Any]:
        forwarder = named(request)
        forwarder.pause()
        return forwarder.status()

    async def resume(request: Request) -> dict[str, Any]:
        forwarder = named(request)
        forwarder.resume()
        return forwarder.status()

    async def replay(request: Request) -> dict[str, Any]:
        forwarder = named(request)
        since = int(request.number("since", low=1))
        return {"id": forwarder.name, "since": since, "records": await forwarder.replay(since)}

    server.register("uplink.status", status, "read")
    server.register("uplink.pause", pause, "operate")
    server.register("uplink.resume", resume, "operate")
    server.register("uplink.replay", replay, "operate")
