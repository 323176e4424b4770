"""What core and the uplinks process say to each other, besides the outboxes (`remote_outbox`) and the clock."""

from typing import Final

# uplinks → core

HELLO: Final = "hello"
"""Posted first on every channel: {"standing": [events core has heard of that still stand]}."""
SAID: Final = "said"
"""Posted [number, what, body] and kept until core has kept it. `what` is one of the next four."""
EVENT: Final = "event"
"""An event of an uplink or its job."""
ORDER: Final = "order"
"""[topic, text, uplink]: what the platform of this uplink sent under `…/order/…`."""
CENTRE_CLOCK: Final = "centre_clock"
"""[local time as ISO text, CLOCK_BOOTTIME milliseconds when it was heard]."""
OWN_CLOCK: Final = "own_clock"
"""[UTC, CLOCK_BOOTTIME when it was so, error], all in milliseconds: what a receiver says that the settings trust."""
STATE: Final = "state"
"""Posted each second: {"uplinks": [a forwarder's status], "duty": `DUTY_LIST`'s answer}."""

# core → uplinks

BEGUN: Final = "begun"
"""Posted first on every channel: {"boot": core's name for its life, "paused": [uplinks], "journal": as `JOURNAL`,
"epoch": as `EPOCH`}.
"""
EPOCH: Final = "epoch"
"""Posted on change: the name of flight's memory of orders, empty where there is none."""
JOURNAL: Final = "journal"
"""Posted on change: `OK`, or `FAILING` while what happens is not kept."""
OK: Final = "ok"
FAILING: Final = "failing"
KEPT: Final = "kept"
"""Posted: the number up to which everything said is kept, committed where it is an event."""
PAUSED: Final = "paused"
"""Posted on change: [uplinks a person has paused]."""
NEWEST: Final = "newest"
"""Posted at 1 Hz where there is a centre: {device: [[point, value, unit, CLOCK_BOOTTIME ns]]} of those that changed."""
STANDS: Final = "stands"
"""Posted on change: {"documents": [[topic below `state/`, version, document or None where there is none any more]],
"whole": None, or how many documents there are: then all of them were posted on this channel}.
"""
ANSWER: Final = "answer"
"""Posted: [uplink, {"to", "sha256", "status", "id", "reason"}]: what became of something its platform told."""
DUTY_LIST: Final = "duty.list"
"""Asked: {"open": [[centre, CLOCK_BOOTTIME ns until it is too late]], "answered", "missed"}."""
DUTY_ANSWER: Final = "duty.answer"
"""Asked (centre or None, operator): [centres answered]."""
