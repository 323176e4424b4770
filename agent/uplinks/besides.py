"""What an MQTT far end is told besides records: what became of orders and facts, and how everything stands."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from agent.uplinks.answers import TOPIC as ANSWER
from agent.uplinks.answers import Answers
from agent.uplinks.contract import Slot
from agent.uplinks.retained import HEAD, Documents, FarState
from protocols.mqtt import Session
from protocols.reason import Reason


class Besides:
    """Of one far end, below the topic `base`. `on_refused` is told, once a connection, why it does not keep a state."""

    def __init__(
        self, documents: Documents, answers: Answers, gateway: str, base: str, on_refused: Callable[[Reason], None]
    ) -> None:
        self._base = base
        self._answers = answers
        self._state = FarState(documents, gateway, base, on_refused)

    def works(self, session: Session) -> Sequence[Callable[[Slot], Awaitable[None]]]:
        """To be run for as long as a connection stands."""
        answer, retain = partial(session.publish, f"{self._base}/{ANSWER}"), partial(session.publish, retain=True)
        return partial(self._answers.keep, answer), partial(self._state.keep, session.subscribe, retain)

    def heard(self, topic: str, payload: bytes, *, kept: bool) -> bool:
        """Whether this is our own word; `kept` says that the broker had it when we subscribed."""
        own = topic.startswith(f"{self._base}/{HEAD}")
        if own and kept:
            self._state.heard(topic, payload)
        return own
