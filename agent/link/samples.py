"""Samples from one child to another: in batches, each Layout named once a channel, the same by identity at the end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from agent.link.storable import storable_sample
from drivers.sample import Layout, Sample

LAYOUT = "layout"
"""A Layout's number on this channel, before the first sample that has it."""
SAMPLES = "samples"
"""Rows of samples, and what stands beside them."""

WITHIN_S = 0.01
"""So long a sample waits for others to share its message."""
MOST_VALUES = 2_000
"""Values of one message, about 25 kB. Even of the longest texts they make no message too long."""


class Carrier(Protocol):
    """A `Channel`, as far as the senders here need one."""

    def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
        """Send and do not wait. False where it was not taken."""


class LayoutNumbers:
    """One channel's: names each Layout once."""

    def __init__(self, channel: Carrier) -> None:
        self._channel = channel
        self._named: dict[Layout, int] = {}

    def of(self, layout: Layout) -> int:
        """Its number, told to the peer before it is used."""
        number = self._named.get(layout)
        if number is None:
            number = self._named[layout] = len(self._named)
            self._channel.post(LAYOUT, [number, layout.profile, layout.points, layout.units])
        return number


class SampleSender:
    """Gathers samples into messages for one channel, and what belongs to them.

    What was put between two turns of the loop arrives together, with what `beside` answers then: all of it is taken, or
    all of it is lost. `lost` is told how many samples the peer did not take.
    """

    def __init__(
        self,
        numbers: LayoutNumbers,
        channel: Carrier,
        lost: Callable[[int], None],
        beside: Callable[[], Mapping[str, Any]] = dict,
        *,
        within_s: float = WITHIN_S,
    ) -> None:
        self._numbers = numbers
        self._channel = channel
        self._lost = lost
        self._beside = beside
        self._within_s = within_s
        self._waiting: list[Sample] = []
        self._values = 0
        self._timer: asyncio.TimerHandle | None = None

    def put(self, sample: Sample) -> None:
        """Take one sample; it goes out within `within_s`. Never blocks, never raises."""
        self._waiting.append(sample)
        self._values += len(sample.values)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._within_s, self.flush)
        elif self._values >= MOST_VALUES > self._values - len(sample.values):
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(0, self.flush)

    def flush(self) -> None:
        """Send what waits, and what stands `beside` it, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        samples, self._waiting, self._values = self._waiting, [], 0
        beside = self._beside()
        if not samples and not beside:
            return
        *parts, last = _cut(samples)
        taken = all(self._post(part, {"part": number, "more": True}) for number, part in enumerate(parts))
        if not (taken and self._post(last, {"part": len(parts), **beside})):
            self._lost(len(samples))

    def _post(self, samples: Sequence[Sample], beside: Mapping[str, Any]) -> bool:
        try:
            return self._channel.post(SAMPLES, {"rows": self._rows(samples), **beside}, may_drop=True)
        except TypeError:
            fit = [storable_sample(sample) for sample in samples]
            return self._channel.post(SAMPLES, {"rows": self._rows(fit), **beside}, may_drop=True)

    def _rows(self, samples: Sequence[Sample]) -> list[Any]:
        rows = []
        number = self._numbers.of
        for device, layout, read_ns, values, quality, source_ns, backfilled in samples:
            marks = None if quality == layout.good else quality.hex()
            rows.append((device, number(layout), read_ns, values, marks, source_ns, backfilled))
        return rows


def _cut(samples: list[Sample]) -> list[list[Sample]]:
    """In parts that make messages of a bearable size; at least one."""
    parts: list[list[Sample]] = [[]]
    values = 0
    for sample in samples:
        values += len(sample.values)
        if values > MOST_VALUES and parts[-1]:
            parts.append([])
            values = len(sample.values)
        parts[-1].append(sample)
    return parts


class Layouts:
    """Every Layout ever received, each once, whatever channel it came through: so Layouts are equal by identity."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Layout] = {}

    def same(self, profile: str, points: Sequence[str], units: Sequence[str]) -> Layout:
        """The one Layout of these points. Raises ValueError where points and units do not match."""
        key = (profile, tuple(points), tuple(units))
        layout = self._known.get(key)
        if layout is None:
            layout = self._known[key] = Layout(*key)
        return layout


class SampleReceiver:
    """The receiving end of one channel."""

    def __init__(self, layouts: Layouts) -> None:
        self._layouts = layouts
        self._numbered: dict[int, Layout] = {}
        self._before: list[Sample] = []

    def named(self, body: Sequence[Any]) -> None:
        """Take a LAYOUT."""
        number, profile, points, units = body
        self._numbered[number] = self._layouts.same(profile, points, units)

    def samples(self, body: Mapping[str, Any]) -> list[Sample]:
        """The samples a SAMPLES message brings, oldest first; good ones have their Layout's own `good`.

        None yet where more is to come that belongs to them. Raises ValueError or KeyError for what is no batch of ours.
        """
        numbered = self._numbered
        out, self._before = self._before if body["part"] else [], []
        for device, number, read_ns, values, marks, source_ns, backfilled in body["rows"]:
            layout = numbered[number]
            quality = layout.good if marks is None else bytes.fromhex(marks)
            if not len(values) == len(quality) == len(layout.points):
                raise ValueError(f"{device}: {len(values)} values, {layout}")
            said = tuple([tuple(value) if value.__class__ is list else value for value in values])
            out.append(Sample(device, layout, read_ns, said, quality, source_ns, backfilled))
        if body.get("more"):
            out, self._before = [], out
        return out
