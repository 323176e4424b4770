"""The life of an asset: what it was, where it stood and whether it was in service, from when on. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from agent.judge.asset import Asset

MINUTE_S = 60
NEVER_MIN = 1 << 40


class LifeState(StrEnum):
    """What somebody said of it. `moved` goes on elsewhere; `replaced` ends, and another one stands there."""

    IN_SERVICE = "in_service"
    UNDER_REPAIR = "under_repair"
    MOVED = "moved"
    REPLACED = "replaced"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class LifeEntry:
    """One thing that was committed about an asset, in force from `from_s` on (UTC s); `told_s` is when it was said.

    `state` is None where only the description changed, `thing` None where only the state did. `gone`: the settings do
    not name it any more, which decides nothing until somebody says what became of it. `tag` is the id of a QR code or
    NFC tag that hangs on it from then on, or, with `tag_off`, no longer.
    """

    asset: str
    from_s: float
    told_s: float
    state: LifeState | None = None
    thing: Asset | None = None
    gone: bool = False
    by: str = ""
    note: str = ""
    successor: str = ""
    tag: str = ""
    tag_off: bool = False

    def as_json(self) -> dict[str, Any]:
        """As it is kept, in evidence and in answers."""
        return {
            "asset": self.asset,
            "from_s": self.from_s,
            "told_s": self.told_s,
            "state": None if self.state is None else self.state.value,
            "thing": None if self.thing is None else thing_as_json(self.thing),
            "gone": self.gone,
            "by": self.by,
            "note": self.note,
            "successor": self.successor,
            **({"tag": self.tag, "tag_off": self.tag_off} if self.tag else {}),
        }


def entry_from(content: Mapping[str, Any]) -> LifeEntry:
    """What `as_json` made. Raises KeyError, ValueError or TypeError where it is something else."""
    state, thing = content["state"], content["thing"]
    return LifeEntry(
        str(content["asset"]),
        float(content["from_s"]),
        float(content["told_s"]),
        None if state is None else LifeState(state),
        None if thing is None else thing_from(thing),
        bool(content["gone"]),
        str(content["by"]),
        str(content["note"]),
        str(content["successor"]),
        str(content.get("tag", "")),
        bool(content.get("tag_off", False)),
    )


def thing_as_json(asset: Asset) -> dict[str, Any]:
    """Everything of an asset but what its bits mean, which is nobody's business but the judge's."""
    return {name: getattr(asset, name) for name in Asset.__slots__ if name != "bits"}


def thing_from(content: Mapping[str, Any]) -> Asset:
    """The asset that `thing_as_json` wrote. Raises TypeError."""
    return Asset(**{**content, "outlets_mm": tuple(content["outlets_mm"])})


def described_alike(one: Asset, other: Asset) -> bool:
    """Whether two descriptions say the same."""
    return one is other or all(getattr(one, name) == getattr(other, name) for name in Asset.__slots__ if name != "bits")


class Stretch(NamedTuple):
    """UTC minutes from `from_min` up to and without `to_min`, in which an asset was in one state and one place."""

    from_min: int
    to_min: int
    state: LifeState
    thing: Asset


class Lives:
    """Everything that was committed, in the order in which it was told; what was told later of one moment counts."""

    def __init__(self, entries: Iterable[LifeEntry] = ()) -> None:
        self._told: dict[str, list[LifeEntry]] = {}
        self._tags: dict[str, str] = {}
        self._worn: dict[str, set[str]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: LifeEntry) -> None:
        """One more."""
        self._told.setdefault(entry.asset, []).append(entry)
        if entry.tag:
            self._tag(entry)

    def _tag(self, entry: LifeEntry) -> None:
        before = self._tags.get(entry.tag)
        if before is not None and (not entry.tag_off or before == entry.asset):
            self._worn[before].discard(entry.tag)  # it hangs in one place at a time
            del self._tags[entry.tag]
        if not entry.tag_off:
            self._tags[entry.tag] = entry.asset
            self._worn.setdefault(entry.asset, set()).add(entry.tag)

    def tagged(self, tag: str) -> str | None:
        """What this tag hangs on; None where it hangs on nothing."""
        return self._tags.get(tag)

    def tags(self, asset: str) -> list[str]:
        """What hangs on it."""
        return sorted(self._worn.get(asset, ()))

    @property
    def assets(self) -> Iterable[str]:
        """The id of everything that was ever known."""
        return self._told.keys()

    def told(self, asset: str) -> list[LifeEntry]:
        """What was said of one, in that order."""
        return self._told.get(asset, [])

    def thing(self, asset: str) -> Asset:
        """It, as it was described last. A stranger has an id and nothing else."""
        described = [entry.thing for entry in self.told(asset) if entry.thing is not None]
        return described[-1] if described else Asset(asset, "")

    def gone(self, asset: str) -> bool:
        """Whether the settings did not name it when they were last looked at."""
        said = [entry.gone for entry in self.told(asset) if entry.gone or entry.thing is not None]
        return bool(said) and said[-1]

    def state(self, asset: str, utc_s: float) -> LifeState | None:
        """What it is at a moment; None before it existed."""
        in_force = None
        for entry in self._in_order(asset):
            if entry.from_s > utc_s:
                break
            in_force = entry.state or in_force
        return in_force

    def stretches(self, asset: str, from_min: int, to_min: int) -> Iterator[Stretch]:
        """Its life between two minutes, in order; nothing of the time before it existed.

        A minute in which something changes counts as what came of it.
        """
        entries = self._in_order(asset)
        things = [entry.thing for entry in entries if entry.thing is not None]
        thing = things[0] if things else Asset(asset, "")
        state: LifeState | None = None
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            state, thing = entry.state or state, entry.thing or thing
            begin = max(from_min, int(entry.from_s // MINUTE_S))
            end = to_min if following is None else min(to_min, int(following.from_s // MINUTE_S))
            if state is not None and begin < end:
                yield Stretch(begin, end, state, thing)

    def first_min(self) -> int:
        """The minute in which the oldest began to exist."""
        begun = (entry.from_s for told in self._told.values() for entry in told if entry.state is not None)
        first = min(begun, default=None)
        return NEVER_MIN if first is None else int(first // MINUTE_S)

    def _in_order(self, asset: str) -> list[LifeEntry]:
        return sorted(self.told(asset), key=lambda entry: entry.from_s)  # stable: later told, later counted
