"""How full a serial line will be: a line asked more than it can carry is found here, not by stale values later."""

from collections.abc import Iterator

from agent.settings.lines import RtuTcpLine, SerialLine
from agent.settings.settings import Settings
from drivers.profile.mistake import Fault
from drivers.profile.model import ModbusProfile
from drivers.profile.plain import plain
from protocols.reason import Fact

MS = 1_000_000
NEARLY_FULL = "settings.line_nearly_full"
TOO_FULL = "settings.line_too_full"
INSTEAD = "write.read_less"


def full(settings: Settings) -> Iterator[Fault]:
    """Serial lines above 100 % however quick the devices are; or, a doubt, above 80 % when they take their longest:
    retries and probes need room, and what does not fit is read less often.
    """
    for index, line in enumerate(settings.site.lines):
        if isinstance(line, SerialLine | RtuTcpLine):
            yield from _fullness(settings, line, index)


def line_shares(settings: Settings, line: SerialLine | RtuTcpLine, *, worst: bool = False) -> dict[str, float]:
    """The share of the line's time each of its devices takes, all as fast (or as slow: `worst`) as profiles allow."""
    from drivers.modbus.driver import serial_overhead  # brings pymodbus along: only where there is such a line
    from drivers.modbus.reads import planned_reads
    from protocols.modbus.load import Asked, Wire, line_load, serial_wire

    wire = serial_wire(line.baud, line.parity, line.stop_bits) if isinstance(line, SerialLine) else Wire(line.baud)
    shares = {}
    for device in settings.site.devices:
        profile = settings.profiles[device.profile]
        if device.line != line.id or not isinstance(profile, ModbusProfile):
            continue
        part, periods = profile.modbus, plain(settings.poll_s_of(device.id))
        asked = []
        for read in planned_reads(profile, periods, serial_overhead(wire)(profile)):
            question = read.question(1)
            pause = round(part.pause_ms * MS)
            turnaround = round(part.turnaround_ms[worst] * MS)
            period = round(read.period_s * 1e9)
            asked.append(Asked(len(question.rtu), question.size + 3, turnaround, pause, period))
        shares[device.id] = line_load(wire, asked)
    return shares


def _fullness(settings: Settings, line: SerialLine | RtuTcpLine, index: int) -> Iterator[Fault]:
    from protocols.modbus.load import REFUSE_ABOVE, WARN_AT

    shares = line_shares(settings, line)
    load = sum(shares.values())
    refused = load > REFUSE_ABOVE
    if not refused:
        shares = line_shares(settings, line, worst=True)
        load = sum(shares.values())
        if load <= WARN_AT:
            return
    greediest = max(shares, key=lambda device: shares[device])
    facts: dict[str, Fact] = {"line": line.id, "percent": round(100 * load)}
    facts |= {"device": greediest, "share": round(100 * shares[greediest])}
    yield Fault(TOO_FULL if refused else NEARLY_FULL, INSTEAD, facts, ("lines", index))
