"""A technician's look at a server: what it offers, what stands in it, what it says now. Nothing is written."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from protocols.errors import Refused
from protocols.opcua.bounded import BoundedClient
from protocols.opcua.change import Item, Reading, ticks_to_ns
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.history import HISTORY_READ
from protocols.opcua.library import NodeId, ua
from protocols.opcua.session import Session
from protocols.opcua.structure import Structures
from protocols.opcua.trouble import explain
from protocols.opcua.trust_store import fingerprint

REFERENCES_PER_CALL: Final = 200
OBJECTS: Final = "i=85"


@dataclass(frozen=True, slots=True)
class Offer:
    """One endpoint a server offers. The certificate is a claim until a person has compared its fingerprint."""

    security: str  # none, sign or sign_and_encrypt
    policy: str  # `Basic256Sha256`, …
    users: tuple[str, ...]  # anonymous, user name, certificate
    certificate: bytes
    fingerprint: str
    subject: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """One node of the address space; `node` is what a profile would say, with `nsu=URI;` in front."""

    node: str
    name: str
    depth: int
    kind: str  # object, variable, method, …


@dataclass(frozen=True, slots=True)
class Looked:
    """What a variable says now."""

    node: str
    value: object
    type: str
    status: int
    source_ns: int | None
    history: bool


async def offers(endpoint: Endpoint) -> list[Offer]:
    """Every endpoint the server offers, asked over an open channel. Raises WireError."""
    host, port = endpoint.address
    client = BoundedClient(f"opc.tcp://{host}:{port}/", timeout=endpoint.timeout_s)
    try:
        described = await client.connect_and_get_server_endpoints()
    except Exception as problem:  # the socket boundary
        raise explain(problem, endpoint) from problem
    return [_offer(one) for one in described if one.EndpointUrl and one.EndpointUrl.startswith("opc.tcp")]


def _offer(described: Any) -> Offer:
    modes = {1: "none", 2: "sign", 3: "sign_and_encrypt"}
    kinds = {0: "anonymous", 1: "user name", 2: "certificate", 3: "token"}
    der: bytes = described.ServerCertificate or b""
    der = der[: int.from_bytes(der[2:4], "big") + 4] if der else b""
    subject, expires = "", None
    if der:
        made = x509.load_der_x509_certificate(der)
        subject, expires = made.subject.rfc4514_string(), made.not_valid_after_utc
    users = tuple(sorted({kinds.get(int(token.TokenType), "?") for token in described.UserIdentityTokens}))
    policy = described.SecurityPolicyUri.rpartition("#")[2]
    mode = modes.get(int(described.SecurityMode), "?")
    return Offer(mode, policy, users, der, fingerprint(der) if der else "", subject, expires)


def node_of(session: Session, text: str) -> NodeId:
    """`nsu=URI;s=NAME`, `ns=2;s=NAME` or `i=85` under this connection's indexes. Refused says what is wrong."""
    if text.startswith("nsu="):
        namespace, _, identifier = text[4:].partition(";")
        node = session.node_id(Item(namespace, identifier))
        if node is None:
            raise Refused("opcua.no_namespace", namespace=namespace, known=tuple(session.namespaces))
        return node
    try:
        return ua.NodeId.from_string(text)
    except Exception as problem:  # asyncua raises its own, ValueError or KeyError
        raise Refused("opcua.not_a_node", text=text) from problem


def text_of(session: Session, node: NodeId) -> str:
    """A NodeId as a profile writes it: the namespace by URI."""
    text: str = node.to_string()
    index = int(node.NamespaceIndex)
    if index == 0 or index >= len(session.namespaces):
        return text
    return f"nsu={session.namespaces[index]};{text.partition(';')[2]}"


async def browse(session: Session, start: str = OBJECTS, *, depth: int = 3, most: int = 2000) -> AsyncIterator[Found]:
    """The nodes under `start`, each branch after its root, at most `most`. Raises WireError."""
    waiting: deque[tuple[NodeId, int]] = deque([(node_of(session, start), 1)])
    seen: set[str] = set()
    while waiting:
        node, level = waiting.popleft()
        below: list[tuple[NodeId, int]] = []
        for reference in await _references(session, node):
            key = reference.NodeId.to_string()
            if key in seen:
                continue
            seen.add(key)
            if len(seen) > most:
                return
            kind = ua.NodeClass(reference.NodeClass).name.lower()
            yield Found(text_of(session, reference.NodeId), reference.BrowseName.Name or "", level, kind)
            if level < depth and kind in ("object", "variable"):
                below.append((reference.NodeId, level + 1))
        waiting.extendleft(reversed(below))


async def _references(session: Session, node: NodeId) -> list[Any]:
    request = ua.BrowseRequest()
    request.Parameters.RequestedMaxReferencesPerNode = REFERENCES_PER_CALL
    wanted = ua.BrowseDescription(NodeId=node, BrowseDirection=ua.BrowseDirection.Forward, IncludeSubtypes=True)
    wanted.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
    wanted.ResultMask = ua.BrowseResultMask.All
    request.Parameters.NodesToBrowse = [wanted]
    (result,) = (await session.ask(request, ua.BrowseResponse)).Results
    found = list(result.References or [])
    while result.ContinuationPoint:
        following = ua.BrowseNextRequest()
        following.Parameters.ReleaseContinuationPoints = False
        following.Parameters.ContinuationPoints = [result.ContinuationPoint]
        (result,) = (await session.ask(following, ua.BrowseNextResponse)).Parameters.Results
        found += result.References or []
    return found


async def look(session: Session, nodes: Sequence[str]) -> list[Looked]:
    """What these nodes say now, Bad included. Raises WireError."""
    ids = [node_of(session, text) for text in nodes]
    values = await session.read(ids)
    types = await session.read(ids, ua.AttributeIds.DataType)
    levels = await session.read(ids, ua.AttributeIds.AccessLevel)
    structures = Structures(session)
    await structures.learn(ids)
    return [
        Looked(
            text,
            structures.open(value.value),
            _type_name(kind.value),
            value.status,
            ticks_to_ns(value.ticks) if value.ticks else None,
            _keeps(level),
        )
        for text, value, kind, level in zip(nodes, values, types, levels, strict=True)
    ]


def _keeps(level: Reading) -> bool:
    return isinstance(level.value, int) and bool(level.value & HISTORY_READ)


def _type_name(kind: Any) -> str:
    """The name of a standard data type; the NodeId of any other."""
    if kind is None:
        return ""
    if int(kind.NamespaceIndex) == 0 and kind.Identifier in ua.ObjectIdNames:
        name: str = ua.ObjectIdNames[kind.Identifier]
        return name
    text: str = kind.to_string()
    return text
