"""What JSON cannot carry, replaced: one such value costs no other. Pure."""

import orjson

from drivers.event import Event
from drivers.quality import Quality
from drivers.sample import Sample, Value
from protocols.reason import Reason, plain

_LONGEST_WORD = 200


def storable_sample(sample: Sample) -> Sample:
    """The same sample; a value that JSON cannot carry is None and BAD_ANSWER."""
    values = list(sample.values)
    quality = bytearray(sample.quality)
    for i, value in enumerate(values):
        if not _fits(value):
            values[i] = None
            quality[i] = max(quality[i], Quality.BAD_ANSWER)
    return sample._replace(device=_text(sample.device), values=tuple(values), quality=bytes(quality))


def storable_event(event: Event) -> Event:
    """The same event; evidence that JSON cannot carry stands as its `repr`, cut short."""
    evidence = {_text(name): _plain(value) for name, value in event.evidence.items()}
    return Event(event.kind, _text(event.subject), event.severity, event.transition, event.at_ns, evidence)


def _plain(value: Value | Reason) -> Value | Reason:
    if _fits(value):
        return value
    if isinstance(value, Reason):
        facts = {name: fact if _fits(fact) else _shown(fact) for name, fact in value.facts.items()}
        return Reason(value.code, **facts)
    return _shown(value)


def _shown(value: object) -> str:
    return repr(value)[:_LONGEST_WORD].encode("ascii", "replace").decode()


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value, default=plain)
    except TypeError:
        return False
    return True


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
