"""Who stands behind each node: a device whose identity does not match is never believed."""

import fnmatch
from collections.abc import Sequence

from drivers.opcua.quality import quality_of
from drivers.opcua.rows import OpcuaDevice
from drivers.quality import Quality
from protocols.opcua.change import Item
from protocols.opcua.library import NodeId
from protocols.opcua.session import Session
from protocols.opcua.status import bad


async def strangers(session: Session, devices: Sequence[OpcuaDevice]) -> dict[int, Quality]:
    """Devices not to be believed, by their place, and why: WRONG_DEVICE, or what kept the identity from being read."""
    asked: list[tuple[int, NodeId, int | str]] = []
    found: dict[int, Quality] = {}
    for number, device in enumerate(devices):
        for identity in device.profile.identity:
            item = Item(identity.node.namespace or device.profile.opcua.namespace, identity.node.of(device.unit))
            node = session.node_id(item)
            if node is None:
                found[number] = Quality.WRONG_DEVICE
            else:
                asked.append((number, node, identity.equals))
    if asked:
        answers = await session.read([node for _, node, _ in asked])
        for (number, _, wanted), got in zip(asked, answers, strict=True):
            if bad(got.status):
                found.setdefault(number, quality_of(got.status))
            elif not matches(got.value, wanted):
                found[number] = Quality.WRONG_DEVICE
    return found


def matches(value: object, wanted: int | str) -> bool:
    """Whether an identity is the one wanted; in a wanted text ? is any character and * any characters."""
    if isinstance(wanted, int):
        return isinstance(value, int | float) and value == wanted
    return isinstance(value, str) and fnmatch.fnmatchcase(value, wanted.replace("[", "[[]"))
