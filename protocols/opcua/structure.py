"""Structures of a server's own: their definitions, asked for once a connection, and their bytes to fields.

A definition is data, read field by field: asyncua would make Python source of a stranger's names and run it. Layout:
OPC UA Part 6, 5.2.6 (structures) and 5.2.7 (with optional fields), 5.2.8 (unions); definitions: Part 3, 8.48 to 8.51.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from protocols.errors import WireError
from protocols.opcua.library import Buffer, NodeId, ua, unpack_uatype
from protocols.opcua.session import Session
from protocols.opcua.status import bad
from protocols.opcua.trouble import fault_of

TYPES_MOST: Final = 200  # data types looked at in one connection
DEEPEST: Final = 8  # structures in structures, and supertypes of a type
ELEMENTS_MOST: Final = 10_000  # of one array
_BUILT_IN_MOST: Final = 25  # Part 6, 5.1.2: the first 25 data types are encoded as themselves
_ENCODED_AS: Final = {
    22: 22,
    24: 24,
    26: 24,
    27: 24,
    28: 24,
    29: 6,
}  # Structure, any, the abstract numbers, Enumeration

Kind = Any
"""How a field is encoded: an asyncua VariantType, or the Definition of a structure."""


class Unreadable(Exception):
    """Bytes that are not such a structure, or a type nobody can say how to read."""


@dataclass(slots=True)
class Definition:
    """One structure: (name, kind, is it an array, is it optional) of each field; a union has one of them at a time."""

    union: bool = False
    fields: list[tuple[str, Kind, bool, bool]] = field(default_factory=list)


class Structures:
    """Those of one connection, by the NodeId that stands before their bytes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_encoding: dict[NodeId, Definition] = {}
        self._kinds: dict[NodeId, Kind | None] = {}  # data type → how it is encoded; None: nobody says

    async def learn(self, nodes: Sequence[NodeId]) -> None:
        """Ask for the definitions of what these variables hold. Raises WireError only; what is unknown stays so."""
        for answer in await self._session.read(nodes, ua.AttributeIds.DataType):
            if isinstance(answer.value, ua.NodeId):
                try:
                    await self._kind(answer.value, DEEPEST)
                except WireError as problem:
                    if fault_of(problem) is None:
                        raise

    def open(self, value: Any) -> Any:
        """A structure as its fields by name, those in an array each; any other value, or one unknown, as it is."""
        if isinstance(value, list):
            return [self.open(one) for one in value]
        if isinstance(value, ua.ExtensionObject) and value.Body is not None:
            definition = self._by_encoding.get(value.TypeId)
            if definition is not None:
                try:
                    return _structure(definition, Buffer(value.Body), DEEPEST)
                except Exception:  # a stranger's bytes, in asyncua's decoders: no reading, and nothing else
                    return None
        return value

    async def _kind(self, data_type: NodeId, depth: int) -> Kind | None:
        """How values of this type are encoded."""
        number = data_type.Identifier
        if data_type.NamespaceIndex == 0 and isinstance(number, int):
            encoded = _ENCODED_AS.get(number, number)
            if encoded <= _BUILT_IN_MOST:
                return ua.VariantType(encoded)
        if data_type in self._kinds:
            return self._kinds[data_type]
        if depth == 0 or len(self._kinds) >= TYPES_MOST:
            return None
        self._kinds[data_type] = None  # a structure that holds itself ends here
        (answer,) = await self._session.read([data_type], ua.AttributeIds.DataTypeDefinition)
        if isinstance(answer.value, ua.StructureDefinition) and not bad(answer.status):
            self._kinds[data_type] = await self._define(answer.value, depth)
        else:
            above = await supertype(self._session, data_type)
            self._kinds[data_type] = None if above is None else await self._kind(above, depth - 1)
        return self._kinds[data_type]

    async def _define(self, said: Any, depth: int) -> Definition | None:
        definition = Definition(said.StructureType == ua.StructureType.Union)
        optional = said.StructureType == ua.StructureType.StructureWithOptionalFields
        for one in said.Fields or []:
            kind = await self._kind(one.DataType, depth - 1)
            if kind is None or one.ValueRank > 1:
                return None  # what follows it could not be found
            definition.fields.append((str(one.Name), kind, one.ValueRank in (0, 1), optional and bool(one.IsOptional)))
        self._by_encoding[said.DefaultEncodingId] = definition
        return definition


async def supertype(session: Session, data_type: NodeId) -> NodeId | None:
    """What a data type is a kind of; None where the server does not say."""
    request = ua.BrowseRequest()
    request.Parameters.RequestedMaxReferencesPerNode = 1
    wanted = ua.BrowseDescription(NodeId=data_type, BrowseDirection=ua.BrowseDirection.Inverse, IncludeSubtypes=False)
    wanted.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HasSubtype)
    wanted.ResultMask = 0  # its NodeId is enough
    request.Parameters.NodesToBrowse = [wanted]
    results = (await session.ask(request, ua.BrowseResponse)).Results
    references = results[0].References if results else None
    return references[0].NodeId if references else None


def _structure(definition: Definition, data: Any, depth: int) -> dict[str, Any]:
    if depth == 0:
        raise Unreadable
    fields = definition.fields
    if definition.union:
        chosen = unpack_uatype(ua.VariantType.UInt32, data)
        fields = [] if chosen == 0 else [fields[chosen - 1]]
    there = 0
    if any(optional for _, _, _, optional in fields):
        there = unpack_uatype(ua.VariantType.UInt32, data)
    found: dict[str, Any] = {}
    for name, kind, array, optional in fields:
        if optional:
            here, there = there & 1, there >> 1
            if not here:
                continue
        found[name] = _array(kind, data, depth) if array else _one(kind, data, depth)
    return found


def _array(kind: Kind, data: Any, depth: int) -> list[Any] | None:
    count = unpack_uatype(ua.VariantType.Int32, data)
    if count < 0:
        return None
    if count > min(ELEMENTS_MOST, len(data)):
        raise Unreadable
    found = []
    for _ in range(count):
        left = len(data)
        found.append(_one(kind, data, depth))
        if len(data) == left:
            raise Unreadable  # elements of no bytes: there would be no end of them
    return found


def _one(kind: Kind, data: Any, depth: int) -> Any:
    if isinstance(kind, Definition):
        return _structure(kind, data, depth - 1)
    value = unpack_uatype(kind, data)
    return value.Value if isinstance(value, ua.Variant) else value
