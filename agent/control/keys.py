"""What a socket answers about keys: core's about those whose facts are believed, flight's about those it obeys."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.runtime.revoked import RevokedKeys
from protocols.reason import Reason
from protocols.system import os_reason

REVOKE: Final = "key.revoke"


class Key(Protocol):
    """As the settings have it."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def person(self) -> str:
        """Whose it is."""

    @property
    def role(self) -> str:
        """As what he speaks."""


def register_keys(server: ControlServer, keys: Sequence[Key], revoked: RevokedKeys, process: str) -> None:
    """Answer `key.list` and `key.revoke` in this process, which says so: the other one is to be asked as well."""

    async def listed(_request: Request) -> list[dict[str, Any]]:
        return [{"id": key.id, "person": key.person, "role": key.role, "revoked": key.id in revoked} for key in keys]

    async def revoke(request: Request) -> dict[str, Any]:
        name = request.text("key")
        if name not in {key.id for key in keys}:
            there = Reason("key.there_are", keys=tuple(key.id for key in keys))
            raise RequestError("not_found", Reason("order.unknown_key", key=name), there)
        request.changed.update(was="revoked" if name in revoked else "believed", becomes="revoked")
        try:
            await revoked.revoke(name)
        except OSError as error:
            raise RequestError("cannot_write", Reason("key.until_restart", key=name, why=os_reason(error))) from None
        return {"key": name, "revoked": True, "process": process}

    server.register("key.list", listed, "read")
    server.register(REVOKE, revoke, "operate", urgent=True)
