"""One connection epoch: from the TCP connection to its end, on one fresh asyncua Client that is never used again.

asyncua's own reconnect, publish loop and watchdog stay off: a re-created subscription of it can lose every item
without a word, and its generic decoder costs ten times ours. Used of it: transport, secure channel, session services.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from protocols.errors import Refused, WireError
from protocols.opcua import certificate
from protocols.opcua.back_off import Failure
from protocols.opcua.bounded import BoundedClient
from protocols.opcua.change import Item, Reading, ns_to_ticks
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import NodeId, security_policies, struct_from_binary, ua
from protocols.opcua.status import bad, status_name
from protocols.opcua.trouble import Ended, TooMuch, explain
from protocols.reason import Reason

Part = TypeVar("Part")
Answer = TypeVar("Answer")
Service = Literal["read", "monitor", "history"]

SESSION_TIMEOUT_MS: Final = 60_000  # asyncua's default of an hour fills a server's session table after crashes
CHANNEL_LIFETIME_MS: Final = 600_000
UNKNOWN_LIMIT: Final = 100  # operations per call where the server does not say
MOST_PER_CALL: Final = 1000
_NAMESPACES: Final = 2255
# Server/ServerCapabilities/OperationLimits
_LIMITS: Final[dict[Service, int]] = {"read": 11705, "monitor": 11714, "history": 12165}
_DENIED: Final = {
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadIdentityTokenInvalid,
    ua.StatusCodes.BadIdentityTokenRejected,
}
_CURRENT_TIME: Final = 2258


class Session:
    """A session with one server. Its methods raise WireError and nothing else; after one, `close()` and drop it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.most: dict[Service, int] = dict.fromkeys(_LIMITS, UNKNOWN_LIMIT)  # operations in one call of each
        self.warnings: list[Reason] = []
        self.namespaces: list[str] = []
        self._securing = False  # the secure channel is being opened: the step at which certificates are refused
        self.good_data = False  # set by whoever uses the values; resets the back-off
        host, port = endpoint.address
        at = f"[{host}]" if ":" in host else host
        path = endpoint.url.split("//", 1)[1].partition("/")
        self._client = BoundedClient(f"opc.tcp://{at}:{port}{path[1]}{path[2]}", timeout=endpoint.timeout_s)
        self._client.name = self._client.description = "hydronest"
        self._client.application_uri = endpoint.application_uri
        self._client.session_timeout = SESSION_TIMEOUT_MS
        self._client.secure_channel_timeout = CHANNEL_LIFETIME_MS

    async def open(self) -> None:
        """Connect, secure, open a session, learn namespaces and limits. After a WireError nothing is open."""
        try:
            if self.endpoint.secure:
                await self._secure()
            if self.endpoint.user:
                self._client.set_user(self.endpoint.user)
                self._client.set_password(self.endpoint.password or "")
            # the steps of Client.connect() without its supervisor and watchdog tasks
            await self._client.connect_socket()
            self._securing = self.endpoint.secure
            await self._client.send_hello()
            await self._client.open_secure_channel()
            self._securing = False
            await self._client.create_session()
            await self._activate()
            await self._learn()
        except BaseException as problem:
            await self.close()
            if isinstance(problem, asyncio.CancelledError) or not isinstance(problem, Exception):
                raise
            told = explain(problem, self.endpoint)
            raise (await self._why_no_channel(told) if self._securing else told) from problem

    async def _activate(self) -> None:
        """Say who we are."""
        user = self.endpoint.user
        try:
            await self._client.activate_session(username=user, password=self.endpoint.password)
        except ua.UaStatusCodeError as problem:
            if user is None or problem.code not in _DENIED:
                raise
            status = status_name(problem.code)
            raise Ended(Failure.DENIED, "opcua.password_refused", user=user, status=status) from problem

    async def close(self, *, polite: bool = True) -> None:
        """Close what is open; a dying server gets half a second for the goodbye, one that fell silent gets none."""
        if polite:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(0.5):
                    await self._client.close_session()
                    await self._client.close_secure_channel()
        protocol = self._client.uaclient.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()  # close() would wait for a frozen peer to take what is still to be sent
        self._client.disconnect_socket()
        await asyncio.sleep(0)  # let the transport's own end run

    async def _secure(self) -> None:
        """Take part with certificates; the server's is checked before anything of ours is sent to it."""
        endpoint = self.endpoint
        if endpoint.trust is None or endpoint.faults():
            raise Refused("opcua.faults", faults=endpoint.faults())
        own, key = certificate.own_pair(endpoint)
        ours = certificate.load(own)
        self._client.application_uri = certificate.uri_of(ours) or endpoint.application_uri
        left = certificate.days_left(ours)
        if left < certificate.WARN_DAYS:
            self.warnings.append(Reason("opcua.own_certificate_expires", file=str(own), days=left))
        policy = getattr(security_policies, f"SecurityPolicy{endpoint.policy}")
        mode = _mode(endpoint)
        if endpoint.trust.is_dir():
            server = await self._shown_certificate(policy.URI, mode)
        else:
            server = certificate.load(endpoint.trust).public_bytes(Encoding.DER)
        self.warnings += certificate.check_server(server, endpoint.trust, datetime.now(UTC))
        await self._client.set_security(policy, own, key, server_certificate=server, mode=mode)

    async def _why_no_channel(self, told: WireError) -> WireError:
        """Servers refuse a certificate by silence or by hanging up: look, without security, at what they show now."""
        policy = getattr(security_policies, f"SecurityPolicy{self.endpoint.policy}")
        try:
            self._client = BoundedClient(self._client.server_url.geturl(), timeout=self.endpoint.timeout_s)
            server = await self._shown_certificate(policy.URI, _mode(self.endpoint))
            if self.endpoint.trust is not None:
                certificate.check_server(server, self.endpoint.trust, datetime.now(UTC))
        except Refused as why:  # Untrusted among them
            return why
        except Exception:  # the socket boundary: no better explanation to be had
            return told
        own = certificate.own_pair(self.endpoint)[0]
        return Ended(Failure.TURNED_AWAY, "opcua.must_trust_us", why=told.reason, file=str(own))

    async def _shown_certificate(self, policy_uri: str, mode: Any) -> bytes:
        """The certificate the server shows for this policy, asked over an open channel: a claim, not yet a proof."""
        for offered in await self._client.connect_and_get_server_endpoints():
            if offered.SecurityPolicyUri == policy_uri and offered.SecurityMode == mode and offered.ServerCertificate:
                der: bytes = offered.ServerCertificate
                return der[: int.from_bytes(der[2:4], "big") + 4]  # the first of a chain
        raise Refused("opcua.no_endpoint", policy=self.endpoint.policy, security=self.endpoint.security)

    async def _learn(self) -> None:
        """Namespaces and operation limits, one Read."""
        spaces, *limits = await self.read([ua.NodeId(i) for i in (_NAMESPACES, *_LIMITS.values())])
        self.namespaces = _texts(spaces.value)
        for service, said in zip(_LIMITS, limits, strict=True):
            if isinstance(said.value, int) and said.value > 0 and not bad(said.status):
                self.most[service] = min(said.value, MOST_PER_CALL)

    async def look_at_namespaces(self) -> bool:
        """Whether namespaces were added since. Raises Ended where an index means another one now."""
        (answer,) = await self.read([ua.NodeId(_NAMESPACES)])
        if bad(answer.status):
            return False
        now, before = _texts(answer.value), self.namespaces
        if now[: len(before)] != before:
            raise Ended(Failure.SILENCE, "opcua.namespaces_moved")
        self.namespaces = now
        return len(now) > len(before)

    def node_id(self, item: Item) -> NodeId | None:
        """The item's NodeId under this connection's namespace indexes; None where the server lacks the namespace."""
        if item.namespace not in self.namespaces:
            return None
        return ua.NodeId.from_string(f"ns={self.namespaces.index(item.namespace)};{item.identifier}")

    async def ask(self, request: Any, answer: Any, timeout_s: float | None = None) -> Any:
        """Send one service request, decode its answer as the asyncua class `answer`, check its service result."""
        data = await self.ask_raw(request, timeout_s)
        try:
            decoded = struct_from_binary(answer, data)
            decoded.ResponseHeader.ServiceResult.check()
        except Exception as problem:  # the socket boundary: a malformed answer can fail in any way in a generic decoder
            raise explain(problem, self.endpoint) from problem
        return decoded

    async def ask_raw(self, request: Any, timeout_s: float | None = None) -> Any:
        """Send one request and give its undecoded answer, an asyncua Buffer. `timeout_s` 0 waits for ever."""
        protocol = self._client.uaclient.protocol
        if protocol is None:
            raise Ended(Failure.TURNED_AWAY, "opcua.closed")
        try:
            return await protocol.send_request(request, timeout_s)
        except Exception as problem:  # the socket boundary
            raise explain(problem, self.endpoint) from problem

    async def in_parts(
        self,
        service: Service,
        parts: Sequence[Part],
        ask: Callable[[Sequence[Part]], Awaitable[list[Answer]]],
        refused: Callable[[int], Answer],
    ) -> list[Answer]:
        """One answer a part, asked for so many in a call as the server bears: half as many each time it says too much.

        What it finds too much alone is `refused`, by its status code. What was learned holds for this connection.
        """
        answers: list[Answer] = []
        while len(answers) < len(parts):
            some = parts[len(answers) : len(answers) + self.most[service]]
            try:
                got = await ask(some)
            except TooMuch as problem:
                if len(some) > 1:
                    self.most[service] = len(some) // 2
                    continue
                got = [refused(problem.number or 0)]
            if len(got) != len(some):
                raise Ended(Failure.TURNED_AWAY, "opcua.other_number_of_nodes")
            answers += got
        return answers

    async def read(self, nodes: Sequence[NodeId], attribute: int | None = None) -> list[Reading]:
        """Read one attribute of many nodes; a Bad status is an answer like any other, never an exception."""

        async def ask(some: Sequence[NodeId]) -> list[Reading]:
            request = ua.ReadRequest()
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            for node in some:
                asked = ua.ReadValueId(NodeId=node, AttributeId=attribute or ua.AttributeIds.Value)
                request.Parameters.NodesToRead.append(asked)
            return [reading(value) for value in (await self.ask(request, ua.ReadResponse)).Results]

        return await self.in_parts("read", nodes, ask, lambda code: Reading(None, code, 0))

    async def clock_offset_ns(self, wall_ns: Callable[[], int]) -> int | None:
        """Server clock minus ours, true to half the round trip; None where the server does not tell its time."""
        before = wall_ns()
        (answer,) = await self.read([ua.NodeId(_CURRENT_TIME)])
        if not isinstance(answer.value, datetime):
            return None
        server_ns: int = (ua.datetime_to_win_epoch(answer.value) - ns_to_ticks(0)) * 100
        return server_ns - (before + wall_ns()) // 2

    async def renew_channel(self) -> None:
        """Keep the secure channel alive for ever; raises when a renewal fails, and the epoch ends."""
        while True:
            await asyncio.sleep(self._client.secure_channel_timeout * 0.75 / 1000)  # Part 4, 5.5.2.1: at 75 %
            try:
                await self._client.open_secure_channel(renew=True)
                self._client.uaclient.revolve_security_token()
            except Exception as problem:  # the socket boundary
                raise explain(problem, self.endpoint) from problem


def _mode(endpoint: Endpoint) -> Any:
    modes = ua.MessageSecurityMode
    return modes.Sign if endpoint.security == "sign" else modes.SignAndEncrypt


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else []


def reading(value: Any) -> Reading:
    """asyncua's DataValue → Reading."""
    status = value.StatusCode.value if value.StatusCode is not None else 0
    ticks = ua.datetime_to_win_epoch(value.SourceTimestamp) if value.SourceTimestamp is not None else 0
    return Reading(value.Value.Value if value.Value is not None else None, status, ticks)
