"""A Modbus line for a command: the agent's where it runs and has it, otherwise opened here, exclusively."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call, failed
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.reasons import trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import RequestFailed
from protocols.reason import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType
    from typing import Any, Self

    from drivers.modbus.bare import Address
    from protocols.modbus.line import Line

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)


def add_line(parser: Parser) -> None:
    """The arguments that say which line."""
    parser.add_argument("line", metavar="LINE", help=_("a line of the site file, a serial port, or tcp://HOST:PORT"))
    add_speed(parser)


def add_speed(parser: Parser) -> None:
    """How a serial port is set where the site file does not say."""
    parser.add_argument("--baud", type=int, choices=BAUDS, metavar="N", help=_("the port's speed (9600)"))
    parser.add_argument("--parity", choices=("N", "E", "O"), metavar="N|E|O", help=_("the port's parity (E)"))
    parser.add_argument(
        "--site", default=SITE_FILE, metavar="FILE", help=_("the site file, where no agent runs") + f" ({SITE_FILE})"
    )


class BusLine:
    """`with` it. `through_agent` tells which way it goes."""

    def __init__(
        self, call: Call, baud: int | None = None, parity: str | None = None, deadline_ms: float | None = None
    ) -> None:
        self._call = call
        self._name: str = call.args.line
        self._runner: asyncio.Runner | None = None
        self._address: Address | None = None
        self._line: Line | None = None
        self._stack: Any = None
        self.through_agent = self._agents()
        if not self.through_agent:
            self._address = self.address(baud, parity, deadline_ms)

    def refuse_a_nests(self) -> None:
        """Trouble where a nest of the site file hangs on this line: it takes nothing raw."""
        if self._address is not None and (nest := _nest_at(self._address, self._call.args.site)):
            raise trouble_of(exits.DEGRADED, Reason("bus.line_of_flight", line=nest))

    def _agents(self) -> bool:
        if "/" in self._name or not self._call.agent_runs():
            return False
        known = self._call.ask("bus.lines")
        if self._name not in known and self._call.args.site == SITE_FILE:
            told = _("there is no Modbus line {line}; lines: {names}").format(line=self._name, names=", ".join(known))
            raise Trouble(exits.BAD_DATA, told)
        return self._name in known

    def address(self, baud: int | None = None, parity: str | None = None, deadline_ms: float | None = None) -> Address:
        """Where the line is, from its own words or the site file."""
        from dataclasses import replace

        args = self._call.args
        found = _address(self._name, args.site)
        baud, parity = baud or args.baud, parity or args.parity
        given: dict[str, Any] = {"baud": baud, "parity": parity, "deadline_ms": deadline_ms}
        return replace(found, **{key: value for key, value in given.items() if value})

    def __enter__(self) -> Self:
        if self._address is None:
            return self
        import asyncio
        from contextlib import AsyncExitStack

        from drivers.modbus.bare import bare_line
        from protocols.errors import NotConnected

        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        try:
            self._line = self._runner.run(self._stack.enter_async_context(bare_line(self._address)))
        except NotConnected as error:
            self._runner.close()
            hint = _("If the agent has the port, name the line by its id instead.")
            raise trouble_of(exits.NO_ANSWER, error.reason, hint) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            self._runner.run(self._stack.aclose())
            self._runner.close()

    def read(self, unit: int, table: str, address: int, count: int = 1, within_s: float = 3.0) -> dict[str, Any]:
        """See `BusAccess.read`."""
        return self._do("read", unit=unit, table=table, address=address, count=count, within_s=within_s)

    def write(self, unit: int, table: str, address: int, values: list[int], single: bool) -> dict[str, Any]:
        """See `BusAccess.write`."""
        return self._do("write", unit=unit, table=table, address=address, values=values, single=single)

    def sniff(self, seconds: float) -> Iterator[dict[str, Any]]:
        """What passes: the agent's own traffic, or, on a port of our own, what others say while we are silent."""
        if self.through_agent:
            yield from self._call.stream("bus.sniff", line=self._name, seconds=seconds)
            return
        from protocols.errors import NotConnected
        from protocols.modbus.listen import listen

        where = self._address
        if where is None or where.host:
            raise Trouble(exits.USAGE, _("only a serial port can be listened to without the agent"))
        try:
            for heard in listen(where.port, where.baud, where.parity, where.stop_bits, seconds):
                yield {"at_ns": heard.at_ns, "sent": False, "data": heard.data.hex()}
        except NotConnected as error:
            raise trouble_of(exits.NO_ANSWER, error.reason) from None

    def _do(self, verb: str, **arguments: Any) -> dict[str, Any]:
        if self.through_agent:
            found: dict[str, Any] = self._call.ask(f"bus.{verb}", line=self._name, **arguments)
            return found
        from contextlib import asynccontextmanager

        from agent.control.request import RequestError
        from agent.core.requests.bus_access import BusAccess

        line, runner = self._line, self._runner
        if line is None or runner is None:
            raise RuntimeError("a BusLine is used outside its with block")

        @asynccontextmanager
        async def own(name: str) -> AsyncIterator[Line]:  # noqa: ARG001  # there is only the one
            yield line

        try:
            done: dict[str, Any] = runner.run(getattr(BusAccess(own), verb)(self._name, **arguments))
        except RequestError as error:
            raise failed(RequestFailed(error.code, error.reason, error.remedy)) from None
        return done


def _address(name: str, site: str) -> Address:
    from drivers.modbus.bare import Address

    for head, rtu, port in (("tcp://", False, 502), ("rtu+tcp://", True, 4001)):
        if name.startswith(head):
            host, _colon, given = name.removeprefix(head).rstrip("/").partition(":")
            if not host or (given and not given.isdecimal()):
                raise Trouble(exits.USAGE, _("{line}: write tcp://HOST:PORT").format(line=name))
            return Address(host=host, tcp_port=int(given or port), rtu=rtu, deadline_ms=1000)
    if "/" in name:
        return Address(port=name)
    from agent.cli.site_file import settings_of

    settings = settings_of(site)
    found = address_of(settings.lines.get(name))
    if found is None:
        known = ", ".join(key for key, one in settings.lines.items() if one.kind != "opcua")
        told = _("there is no Modbus line {line} in {file}").format(line=name, file=site)
        raise Trouble(exits.BAD_DATA, told, _("Known here: {names}").format(names=known))
    return found


def _nest_at(address: Address, site: str) -> str:
    """The line of the site file that is at this place and has a nest on it; empty where there is none."""
    from pathlib import Path

    if not Path(site).exists():
        return ""
    from agent.cli.site_file import settings_of

    settings = settings_of(site)
    for name in settings.nest_lines:
        nest = address_of(settings.lines.get(name))
        if nest is not None and _place(nest) == _place(address):
            return name
    return ""


def _place(address: Address) -> tuple[object, ...]:
    from pathlib import Path

    return (address.host, address.tcp_port) if address.host else (Path(address.port).resolve(),)


def address_of(line: object) -> Address | None:
    """Where a line of the site file is; None for one that is no Modbus line."""
    from agent.settings.lines import RtuTcpLine, SerialLine, TcpLine
    from drivers.modbus.bare import Address

    match line:
        case SerialLine():
            return Address(
                port=line.port,
                baud=line.baud,
                parity=line.parity,
                stop_bits=line.stop_bits,
                echo=line.echo,
                deadline_ms=line.deadline_ms,
            )
        case TcpLine():
            return Address(host=line.host, tcp_port=line.port, deadline_ms=line.deadline_ms)
        case RtuTcpLine():
            return Address(host=line.host, tcp_port=line.port, rtu=True, baud=line.baud, deadline_ms=line.deadline_ms)
        case _:
            return None
