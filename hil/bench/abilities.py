"""What a bench, a line or a device on it can be put through: the words of `needs`."""

from hil.bench.load import Bench
from hil.bench.model import AnyLine, Device, SimulatedLine


def line_of(bench: Bench, device: Device) -> AnyLine:
    """The line a device hangs on."""
    return next(line for line in bench.file.lines if line.id == device.line)


def of_line(bench: Bench, line: AnyLine) -> frozenset[str]:
    """`simulated`; `unplug` where its wire can be cut, by a `relay` or because it is simulated."""
    if isinstance(line, SimulatedLine):
        return frozenset({"line", "simulated", "unplug"})
    cut = any(relay.cuts == line.id for relay in bench.file.relays)
    return frozenset({"line", "relay", "unplug"} if cut else {"line"})


def of_device(bench: Bench, device: Device) -> frozenset[str]:
    """Its line's, `power` where it can be cut, what its stand `can`, `write` where an interlock can give leave or it is
    simulated; nothing that is `never` done to it.
    """
    line = line_of(bench, device)
    found = {"terminal", *of_line(bench, line), *device.can}
    if isinstance(line, SimulatedLine) or bench.file.interlock is not None:
        found.add("write")
    if isinstance(line, SimulatedLine):
        found.add("power")
    elif any(relay.cuts == device.id for relay in bench.file.relays):
        found |= {"power", "relay"}
    return frozenset(found.difference(device.never))


def of_bench(bench: Bench) -> frozenset[str]:
    """What anything on it can."""
    lines = (of_line(bench, line) for line in bench.file.lines)
    return frozenset[str]().union(*lines, *(of_device(bench, device) for device in bench.file.devices))
