"""From a terminal's settings to the uplink."""

from collections.abc import Callable, Sequence
from functools import partial

from agent.runtime.clock.reckon import Reckoned
from agent.settings import uplinks as settings
from agent.settings.terminals import Terminal
from agent.uplinks.beidou.picture import Picture
from agent.uplinks.beidou.time import Moment, TerminalTime
from agent.uplinks.beidou.uplink import BeidouUplink
from agent.uplinks.retained import Documents
from protocols.beidou.sentence import Sentence
from protocols.clock import boottime_ns
from protocols.modbus.port_serial import SerialPort


def configured(
    uplink: settings.BeidouUplink,
    terminal: Terminal,
    documents: Documents,
    names: Sequence[str],
    clock: Callable[[], Reckoned],
    failing: Callable[[], bool],
    on_time: Callable[[Moment], None],
) -> BeidouUplink:
    """The uplink of these settings; see `ControlRoom` for the last four."""
    time = TerminalTime()

    def overhear(sentence: Sentence) -> None:
        told = time.hear(sentence, boottime_ns())
        if told is not None:
            on_time(told)

    baud = uplink.baud or terminal.baud
    return BeidouUplink(
        uplink.id,
        lambda: SerialPort(uplink.port, baud, "N"),
        terminal,
        partial(Picture, documents, names, clock, failing),
        to=uplink.to,
        size=uplink.message_bytes or terminal.message_bytes,
        every_s=uplink.every_s,
        repeats=uplink.repeats,
        overhear=overhear if uplink.time else lambda _sentence: None,
    )
