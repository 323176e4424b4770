"""Who stands behind each node: a device whose identity does not match is never believed."""

import fnmatch
from collections.abc import Sequence
from typing import NamedTuple

from drivers.opcua.quality import quality_of
from drivers.opcua.rows import OpcuaDevice
from drivers.quality import Quality
from protocols.opcua.change import Item
from protocols.opcua.library import NodeId
from protocols.opcua.plain import plain
from protocols.opcua.session import Session
from protocols.opcua.status import bad


class Question(NamedTuple):
    """One identity node of one device (by its place), and what must stand there."""

    device: int
    item: Item
    wanted: int | str

    def fits(self, value: object, status: int) -> bool:
        """Whether this answer is the right device's."""
        return not bad(status) and matches(plain(value), self.wanted)


def questions(devices: Sequence[OpcuaDevice], sampling_ms: float) -> list[Question]:
    """Every identity node of every device."""
    return [
        Question(
            number,
            Item(identity.node.namespace or device.profile.opcua.namespace, identity.node.of(device.unit), sampling_ms),
            identity.equals,
        )
        for number, device in enumerate(devices)
        for identity in device.profile.identity
    ]


async def ask(session: Session, asked: Sequence[Question]) -> tuple[list[bool], dict[int, Quality]]:
    """Whether each answer fits; and the devices not to be believed, WRONG_DEVICE or what kept them from answering."""
    nodes: list[NodeId | None] = [session.node_id(question.item) for question in asked]
    known = [node for node in nodes if node is not None]
    answers = iter(await session.read(known)) if known else iter(())
    fits: list[bool] = []
    strangers: dict[int, Quality] = {}
    for question, node in zip(asked, nodes, strict=True):
        answer = next(answers) if node is not None else None
        fits.append(answer is not None and question.fits(answer.value, answer.status))
        if answer is not None and bad(answer.status):
            strangers.setdefault(question.device, quality_of(answer.status))
        elif not fits[-1]:
            strangers[question.device] = Quality.WRONG_DEVICE
    return fits, strangers


def matches(value: object, wanted: int | str) -> bool:
    """Whether an identity is the one wanted; in a wanted text ? is any character and * any characters."""
    if isinstance(wanted, int):
        return isinstance(value, int | float) and value == wanted
    return isinstance(value, str) and fnmatch.fnmatchcase(value, wanted.replace("[", "[[]"))
