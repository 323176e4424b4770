"""The newest document of every topic and its version, and which of them the uplinks have not been given yet. Pure."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

import orjson

from agent.control.encoding import encoded


class Document(NamedTuple):
    """`body` is JSON. `turns` is what it is about, so far as a change of it cannot wait."""

    version: int
    body: bytes
    turns: object
    made_ns: int


class Documents:
    """Topics are below `…/state/`. A version is never given twice, and rises with every change of any document."""

    def __init__(self) -> None:
        self.version = 0
        self._of: dict[str, Document] = {}
        self._pending: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._of)

    def is_due(self, topic: str, turns: object, now_ns: int, drift_s: float) -> bool:
        """Whether a document is to be made anew: it turned, or is so old that what drifts in it may have changed."""
        known = self._of.get(topic)
        return known is None or known.turns != turns or now_ns - known.made_ns >= drift_s * 1e9

    def put(self, topic: str, document: Mapping[str, Any], turns: object, now_ns: int) -> None:
        """This is how it stands. One that says nothing new is none."""
        body, known = encoded(document), self._of.get(topic)
        if known is not None and known.body == body:
            self._of[topic] = known._replace(turns=turns, made_ns=now_ns)
            return
        self.version += 1
        self._of[topic] = Document(self.version, body, turns, now_ns)
        self._pending[topic] = None

    def drop(self, topic: str) -> None:
        """There is no such thing any more."""
        if self._of.pop(topic, None) is not None:
            self.version += 1
            self._pending[topic] = None

    def below(self, folder: str) -> list[str]:
        """The topics that begin so."""
        return [topic for topic in self._of if topic.startswith(folder)]

    def all_again(self) -> None:
        """Whoever was given them is gone."""
        self._pending = dict.fromkeys(self._of)

    def some(self, most: int) -> list[list[Any]]:
        """Up to so many of those that were not given yet: [topic, version, document or None]."""
        batch: list[list[Any]] = []
        for topic in islice(self._pending, most):
            known = self._of.get(topic)
            told = [self.version, None] if known is None else [known.version, orjson.Fragment(known.body)]
            batch.append([topic, *told])
        return batch

    def given(self, batch: list[list[Any]]) -> None:
        """They were taken."""
        for topic, *_rest in batch:
            self._pending.pop(topic, None)
