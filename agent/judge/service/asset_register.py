"""Assets and rules as they were committed: `ledger/assets.jsonl`, chained lines that are only ever added.

A line holds one entry of an asset's life, or the text of the rules from when on they judged.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.life import LifeEntry, LifeState, Lives, described_alike, entry_from
from agent.judge.service.files import LEDGER
from agent.runtime import chained
from protocols.reason import Reason
from protocols.system import file_reason, why_failed

FILE_NAME = "assets.jsonl"
SETTINGS = "settings"
"""By whom an entry is that the agent wrote by itself, from comparing its settings."""
ENDED = frozenset({LifeState.RETIRED, LifeState.REPLACED})


class CommittedRules(NamedTuple):
    """A rule file as it stood when it began to judge (UTC s). `sha256` is of its text."""

    sha256: str
    name: str
    text: str
    from_s: float


class Line(NamedTuple):
    """One line of the file; it holds one or the other."""

    hash: str
    entry: LifeEntry | None
    rules: CommittedRules | None


class AssetRegister:
    """Everything committed, in order. `write` blocks and may run on another thread; what it wrote counts once `accept`
    has been told of it. A spoilt line is left aside and told.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / LEDGER / FILE_NAME
        self.lives = Lives()
        self.lines: list[Line] = []
        self.trouble: list[Reason] = []
        try:
            chained.cut_torn(self.path)
            for line in chained.read(self.path, self.trouble):
                self._take(line)
        except OSError as error:
            self.trouble.append(file_reason(self.path, error))

    def _take(self, line: chained.ChainedLine) -> None:
        try:
            self._accept(line_from(line))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            self.trouble.append(Reason("asset.left_aside", file=str(self.path), why=why_failed(error)))

    def _accept(self, line: Line) -> None:
        self.lines.append(line)
        if line.entry is not None:
            self.lives.add(line.entry)

    def prepared(self, additions: Iterable[LifeEntry | CommittedRules]) -> Iterator[tuple[bytes, Line]]:
        """Each as the line that is to be written, with its text; they follow the last that counts."""
        before = self.lines[-1].hash if self.lines else chained.FIRST
        for addition in additions:
            text, before = chained.chained(before, [_content(addition)])
            if isinstance(addition, CommittedRules):
                yield text, Line(before, None, addition)
            else:
                yield text, Line(before, addition, None)

    def append(self, prepared: Iterable[tuple[bytes, Line]]) -> None:
        """Commit these: they are on the disk when this returns. Raises OSError, and then none is."""
        chained.append(self.path, b"".join(text for text, _ in prepared))

    def write(self, additions: Iterable[LifeEntry | CommittedRules]) -> list[Line]:
        """As `append`, all in one; what was written is to be accepted. Raises OSError."""
        prepared = list(self.prepared(additions))
        self.append(prepared)
        return [line for _, line in prepared]

    def accept(self, lines: Iterable[Line]) -> None:
        """Let written lines count."""
        for line in lines:
            self._accept(line)

    def rules_at(self, utc_s: float) -> CommittedRules | None:
        """The rules that judged at a moment."""
        return rules_at((line.rules for line in self.lines if line.rules is not None), utc_s)

    def compared(
        self, assets: Mapping[str, Asset], rules: CommittedRules | None, now_s: float, before: Mapping[str, float]
    ) -> Iterator[LifeEntry | CommittedRules]:
        """What the settings say otherwise than what is known. `before`: since when (UTC s) a thing has minutes.

        On the first look things known from their minutes count from their first day on.
        """
        first = not self.lines
        judging = self.rules_at(now_s)
        if rules is not None and (judging is None or judging.sha256 != rules.sha256):
            yield rules
        for asset, thing in assets.items():
            if not self.lives.told(asset):
                since = before.get(asset, now_s) if first else now_s
                yield LifeEntry(asset, since, now_s, LifeState.IN_SERVICE, thing, by=SETTINGS)
            elif self.lives.gone(asset) or not described_alike(self.lives.thing(asset), thing):
                yield LifeEntry(asset, now_s, now_s, None, thing, by=SETTINGS)
        if first:
            for asset in before.keys() - assets.keys():
                yield LifeEntry(asset, before[asset], now_s, LifeState.IN_SERVICE, by=SETTINGS)
                yield LifeEntry(asset, now_s, now_s, gone=True, by=SETTINGS)
        for asset in list(self.lives.assets):
            if asset not in assets and not self.lives.gone(asset):
                yield LifeEntry(asset, now_s, now_s, gone=True, by=SETTINGS)

    def out_of_service(self, asset: str, utc_s: float) -> LifeState | None:
        """What it is while it is under repair or has ended, at a moment; None while it is neither."""
        if len(self.lives.told(asset)) < 2:
            return None
        state = self.lives.state(asset, utc_s)
        return state if state in ENDED or state is LifeState.UNDER_REPAIR else None

    def unexplained(self, asset: str, utc_s: float) -> bool:
        """Whether the settings do not name it any more, and nobody has said what became of it."""
        if len(self.lives.told(asset)) < 2:
            return False
        return self.lives.gone(asset) and self.lives.state(asset, utc_s) not in ENDED


def line_from(line: chained.ChainedLine) -> Line:
    """What a line says. Raises KeyError, ValueError, TypeError or AttributeError where it is something else."""
    if "rules" not in line.content:
        return Line(line.hash, entry_from(line.content), None)
    rules = line.content["rules"]
    committed = CommittedRules(rules["sha256"], rules["name"], rules["text"], float(rules["from_s"]))
    return Line(line.hash, None, committed)


def rules_at(committed: Iterable[CommittedRules], utc_s: float) -> CommittedRules | None:
    """Those in force: the last that began before a moment, else the first that were ever committed."""
    known = list(committed)
    before = [rules for rules in known if rules.from_s <= utc_s]
    return before[-1] if before else known[0] if known else None


def rules_of(name: str, text: str, now_s: float) -> CommittedRules:
    """A rule file that judges from now on."""
    return CommittedRules(sha256(text.encode()).hexdigest(), name, text, now_s)


def _content(addition: LifeEntry | CommittedRules) -> dict[str, Any]:
    return {"rules": addition._asdict()} if isinstance(addition, CommittedRules) else addition.as_json()
