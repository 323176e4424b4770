"""How everything stands, as core last told it, and how much of that a broker has: what it lacks goes out again.

Topics are below `…/state/`. The head, `…/state` itself, names the version up to which the broker has everything: read
back at each connection it says what a broker that went back in time, or was begun anew, has to be told again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

from agent.uplinks.contract import FORMAT, Slot
from protocols.errors import Busy, NoAnswer, Refused
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

HEAD = "state"
FIRST = ("alarm/", "incident/", "rate", "nest/", "aircraft/", "seal/", "rule/", "asset/")
"""What goes first where much is to be told."""
COMING_AND_GOING = ("alarm/", "incident/")
"""Of these the broker is asked what it has: one that ended while nobody could say so would stand there for ever."""
HEAD_S = 3.0
"""So long the head of a broker that has one may take. One that has none is told everything after that."""
HEAD_EVERY_S = 2.0
LONGEST_HEAD = 1000
BUSY_S = 1.0

Version = tuple[str, int]
"""Core's name for its life, and which of that life's."""
NOTHING: Version = ("", 0)
Subscribe = Callable[[str], Awaitable[None]]
Publish = Callable[[str, bytes], Awaitable[object]]


class Document(NamedTuple):
    """`body` is a JSON object without its head."""

    version: Version
    body: bytes


class Documents:
    """What core says. `heard` by every far end that keeps it."""

    def __init__(self) -> None:
        self.version = NOTHING
        self.whole = False
        """Whether core has told everything since its life began."""
        self._of: dict[str, Document] = {}
        self._named: set[str] = set()
        self._listeners: list[Callable[[str], None]] = []

    def __len__(self) -> int:
        return len(self._of)

    @property
    def topics(self) -> list[str]:
        """All there are."""
        return list(self._of)

    def get(self, topic: str) -> Document | None:
        """The newest of a topic."""
        return self._of.get(topic)

    def listen(self, changed: Callable[[str], None]) -> None:
        """`changed` is told each topic that does; "" where everything is told."""
        self._listeners.append(changed)

    def begun(self, boot: str) -> None:
        """A life of core begins: what it does not name is over. What it tells as it was before is no news."""
        self.version, self.whole, self._named = (boot, 0), False, set()

    def take(self, told: Mapping[str, Any]) -> None:
        """What core posts."""
        boot = self.version[0]
        for topic, number, document in told["documents"]:
            self.version = boot, max(number, self.version[1])
            self._named.add(topic)
            if document is None:
                self._drop(topic)
                continue
            body, known = orjson.dumps(document), self._of.get(topic)
            if known is None or known.body != body:
                self._of[topic] = Document((boot, number), body)
                self._changed(topic)
        if told["whole"] is not None:
            self.whole = True
            for topic in [one for one in self._of if one not in self._named]:
                self._drop(topic)
            self._changed("")

    def _drop(self, topic: str) -> None:
        if self._of.pop(topic, None) is not None:
            self._changed(topic)

    def _changed(self, topic: str) -> None:
        for changed in self._listeners:
            changed(topic)


class FarState:
    """What one broker has of them. `keep` for as long as a connection stands; `heard` gets what the broker had."""

    def __init__(self, documents: Documents, gateway: str, base: str, on_refused: Callable[[Reason], None]) -> None:
        self._documents = documents
        self._gateway = gateway
        self._base = base
        self._on_refused = on_refused
        self._has: dict[str, Version] = {}
        self._refused: set[str] = set()
        self._head = NOTHING  # as the broker has it
        self._vouched = NOTHING  # what a broker we know nothing else of vouched for by its head
        self._others: set[str] = set()  # what the broker had otherwise than we know it
        self._head_read: asyncio.Future[Version] | None = None
        self._dirty: tuple[dict[str, None], ...] = tuple({} for _ in FIRST)
        self._turns = 0
        self._news = asyncio.Event()
        documents.listen(self._changed)

    async def keep(self, subscribe: Subscribe, publish: Publish, turn: Slot) -> None:
        """Tell the broker what it lacks, one document a turn, for ever. Raises what ends a connection."""
        await self._compare(subscribe)
        loop = asyncio.get_running_loop()
        head_due_s = 0.0
        while True:
            self._news.clear()
            topic = self._next()
            if topic is not None:
                async with turn():
                    await self._tell(topic, publish)
            elif self._documents.whole and self._documents.version != self._head and HEAD not in self._refused:
                if (left_s := head_due_s - loop.time()) > 0:
                    await self._news_within(left_s)
                    continue
                async with turn():
                    await self._tell_head(publish)
                head_due_s = loop.time() + HEAD_EVERY_S
            else:
                await self._news.wait()

    def heard(self, topic: str, payload: bytes) -> None:
        """The broker had this, retained. Never raises."""
        if topic == f"{self._base}/{HEAD}":
            if self._head_read is not None and not self._head_read.done():
                self._head_read.set_result(_version(payload))
            return
        name = topic.removeprefix(f"{self._base}/{HEAD}/")
        known = self._documents.get(name)
        if known is None or payload != self._payload(known):
            self._others.add(name)
            self._has[name] = NOTHING
            self._changed(name)

    async def _news_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _compare(self, subscribe: Subscribe) -> None:
        """Forget what the broker may not have any more."""
        self._refused.clear()
        self._others.clear()
        self._head_read = asyncio.get_running_loop().create_future()
        for topic in (HEAD, *(f"{HEAD}/{kind}+" for kind in COMING_AND_GOING)):
            with contextlib.suppress(Refused):  # it may not look: then everything is told, each time
                await subscribe(f"{self._base}/{topic}")
        read = NOTHING
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEAD_S):
                read = await self._head_read
        if read == NOTHING or read != self._head:
            over = {topic for topic in self._has if self._documents.get(topic) is None}
            self._has = dict.fromkeys(self._others | over, NOTHING)
            self._vouched = read
        self._head = read
        for topic in {*self._documents.topics, *self._has}:
            self._changed(topic)

    def _changed(self, topic: str) -> None:
        """It is dirty where the broker has another, or one that is over."""
        if topic:
            at = next((n for n, kind in enumerate(FIRST) if topic.startswith(kind)), len(FIRST) - 1)
            self._dirty[at][topic] = None
        else:  # whole: what nobody named is over
            for known in list(self._has):
                if self._documents.get(known) is None:
                    self._changed(known)
        self._news.set()

    def _next(self) -> str | None:
        self._turns += 1
        at = self._turns % (len(FIRST) - 2) + 2  # behind what is urgent each kind has its turn
        for waiting in (*self._dirty[:2], *self._dirty[at:], *self._dirty[2:at]):
            while waiting:
                topic = next(iter(waiting))
                if self._lacks(topic):
                    return topic
                del waiting[topic]
        return None

    def _lacks(self, topic: str) -> bool:
        document = self._documents.get(topic)
        if topic in self._refused:
            return False
        if document is None:
            return self._documents.whole and topic in self._has
        return self._has.get(topic, self._vouched_for(document)) != document.version

    def _vouched_for(self, document: Document) -> Version:
        (boot, number), (vouched_boot, most) = document.version, self._vouched
        return document.version if boot == vouched_boot and number <= most else NOTHING

    async def _tell(self, topic: str, publish: Publish) -> None:
        document = self._documents.get(topic)
        try:
            await publish(f"{self._base}/{HEAD}/{topic}", b"" if document is None else self._payload(document))
        except Refused as refusal:
            self._refuse(topic, refusal.reason)
        except (Busy, NoAnswer):
            await asyncio.sleep(BUSY_S)
        else:
            if document is None:
                self._has.pop(topic, None)
            else:
                self._has[topic] = document.version

    async def _tell_head(self, publish: Publish) -> None:
        boot, number = version = self._documents.version
        head = {
            "v": FORMAT,
            "gateway": self._gateway,
            "boot": boot,
            "version": number,
            "documents": len(self._documents),
        }
        try:
            await publish(f"{self._base}/{HEAD}", orjson.dumps(head))
        except Refused as refusal:
            self._refuse(HEAD, refusal.reason)
        except (Busy, NoAnswer):
            await asyncio.sleep(BUSY_S)
        else:
            self._head = version

    def _refuse(self, topic: str, why: Reason) -> None:
        if not self._refused:
            self._on_refused(why)
        self._refused.add(topic)

    def _payload(self, document: Document) -> bytes:
        boot, number = document.version
        head = orjson.dumps({"v": FORMAT, "gateway": self._gateway, "boot": boot, "version": number})
        return b"%b,%b" % (head[:-1], document.body[1:])


def _version(payload: bytes) -> Version:
    """What a head says."""
    try:
        head = read_json_object(payload, LONGEST_HEAD)
    except BadJson:
        return NOTHING
    boot, number = head.get("boot"), head.get("version")
    return (boot, number) if isinstance(boot, str) and isinstance(number, int) else NOTHING
