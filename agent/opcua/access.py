"""What a technician may ask of an OPC UA server: offers, accept, browse, read. Plain JSON out.

The command does the same by itself where no agent runs, so none of this needs the running line: a server serves many.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.control.request import RequestError
from agent.opcua.lines import opcua_endpoint, opcua_lines
from agent.runtime.jobs import SettingsMistake
from agent.settings.settings import Settings
from protocols.errors import WireError
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.trust_store import accept
from protocols.reason import Reason
from protocols.system import file_reason

if TYPE_CHECKING:
    from protocols.opcua.explore import Offer
    from protocols.opcua.session import Session


class OpcuaAccess:
    """`endpoint_of(line)` gives where a line's server is; it raises RequestError for a line that is none."""

    def __init__(self, endpoint_of: Callable[[str], Endpoint]) -> None:
        self._endpoint_of = endpoint_of

    async def offers(self, line: str) -> dict[str, Any]:
        """Every endpoint the server offers and where its certificate would be kept; nothing is believed yet."""
        endpoint = self._endpoint_of(line)
        found = [_plain_offer(offer) for offer in await self._offers(endpoint)]
        return {"url": endpoint.url, "kept_at": str(endpoint.trust) if endpoint.trust else None, "offers": found}

    async def certificates(self, line: str) -> list[str]:
        """The certificates it shows now, in base64, each once."""
        shown = {offer.certificate for offer in await self._offers(self._endpoint_of(line)) if offer.certificate}
        return [b64encode(der).decode() for der in sorted(shown)]

    async def accept(self, line: str, fingerprint: str, keep_at: str | None = None) -> dict[str, Any]:
        """Keep the server's certificate as the one to believe, if it still shows the one with this fingerprint."""
        endpoint = self._endpoint_of(line)
        target = Path(keep_at) if keep_at else endpoint.trust
        if target is None:
            nowhere = Reason("opcua.no_certificate_file", line=line)
            raise RequestError("bad_data", nowhere, Reason("opcua.name_certificate_file"))
        shown = {offer.fingerprint: offer.certificate for offer in await self._offers(endpoint)}
        if fingerprint not in shown:
            raise RequestError("refused", Reason("opcua.shows_another_now"), Reason("opcua.look_again"))
        try:
            kept = accept(shown[fingerprint], target)
        except OSError as error:
            raise RequestError("cannot_write", file_reason(target, error)) from None
        return {"kept_at": str(kept), "fingerprint": fingerprint}

    async def browse(self, line: str, node: str, depth: int) -> list[dict[str, Any]]:
        """The nodes under `node`, as a profile would name them."""
        from protocols.opcua.explore import browse

        async with self._session(line) as session:
            return [
                {"node": found.node, "name": found.name, "depth": found.depth, "kind": found.kind}
                async for found in browse(session, node, depth=depth)
            ]

    async def read(self, line: str, nodes: list[str]) -> list[dict[str, Any]]:
        """What these nodes say now, each with its status by name."""
        from protocols.opcua.explore import look
        from protocols.opcua.status import good, status_name

        async with self._session(line) as session:
            return [
                {
                    "node": seen.node,
                    "value": _plain(seen.value),
                    "type": seen.type,
                    "status": status_name(seen.status),
                    "good": good(seen.status),
                    "source_time": _iso(seen.source_ns),
                    "history": seen.history,
                }
                for seen in await look(session, nodes)
            ]

    async def _offers(self, endpoint: Endpoint) -> "list[Offer]":
        from protocols.opcua.explore import offers

        try:
            return await offers(endpoint)
        except WireError as error:
            raise RequestError("no_answer", error.reason) from None

    @asynccontextmanager
    async def _session(self, line: str) -> "AsyncIterator[Session]":
        from protocols.opcua.certificate import Untrusted
        from protocols.opcua.session import Session

        endpoint = self._endpoint_of(line)
        if faults := endpoint.faults():
            raise RequestError("bad_data", Reason("opcua.line_faults", line=line, faults=faults))
        session = Session(endpoint)
        try:
            await session.open()
            yield session
        except Untrusted as error:
            raise RequestError("refused", error.reason, Reason("opcua.accept_it")) from None
        except WireError as error:
            raise RequestError("no_answer", error.reason) from None
        finally:
            await session.close()


def no_such_line(name: str, lines: Iterable[str]) -> RequestError:
    """The no to a question about a line that is no OPC UA line."""
    known = tuple(lines)
    here = Reason("opcua.lines_here", lines=known) if known else Reason("opcua.no_lines_here")
    return RequestError("not_found", Reason("opcua.no_such_line", line=name), here)


def endpoints(settings: Settings) -> Callable[[str], Endpoint]:
    """The servers of a site's OPC UA lines, by line id."""

    def endpoint_of(name: str) -> Endpoint:
        lines = {line.id: line for line in opcua_lines(settings)}
        if name not in lines:
            raise no_such_line(name, lines)
        try:
            return opcua_endpoint(lines[name], settings.site.gateway.state_dir)
        except SettingsMistake as mistake:
            raise RequestError("bad_data", mistake.reason) from None

    return endpoint_of


def _plain_offer(offer: "Offer") -> dict[str, Any]:
    return {
        "security": offer.security,
        "policy": offer.policy,
        "users": list(offer.users),
        "fingerprint": offer.fingerprint,
        "subject": offer.subject,
        "expires": None if offer.expires is None else offer.expires.date().isoformat(),
    }


def _plain(value: object) -> Any:
    """A value as JSON can say it: a structure by its fields, as a profile's `inside` names them."""
    from protocols.opcua.plain import plain

    value = plain(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _iso(source_ns: int | None) -> str | None:
    if source_ns is None:
        return None
    return datetime.fromtimestamp(source_ns / 1e9, UTC).isoformat(timespec="milliseconds")
