"""A real OPC UA server (asyncua's) standing in for a water company's: hydrants, their history, faults to order."""

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import asyncua
import asyncua.crypto.permission_rules
import asyncua.server.binary_server_asyncio
import asyncua.server.user_managers

from hil.opcua.truth import Shown, Truth
from hil.patience import patient

logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

ua: Any = asyncua.ua  # untyped: asyncua's annotations do not hold under strict checking
_server: Any = asyncua.server.server.Server
_user: Any = asyncua.crypto.permission_rules.User
_role: Any = asyncua.crypto.permission_rules.UserRole
NAMESPACE: Final = "urn:hydronest:hil:hydrants"
CLIENTS_LEAVING: Final = 4  # at most, during one write
_TYPES: Final = {bool: "Boolean", int: "Int64", float: "Double", str: "String"}

Values = Callable[[], Mapping[str, Shown]]
"""What every node shows now; called once a period. Nodes it leaves out keep what they had."""


class HydrantServer:
    """`async with HydrantServer({"H1.Pressure": 350.0}) as server:` serves `opc.tcp://127.0.0.1:<port>/`.

    `values` moves the nodes every `period_s`; `write` does so by hand. All values of one period share one source time.
    `truth` holds what was shown. History is kept unless told otherwise. `users` maps names to passwords.
    """

    def __init__(
        self,
        nodes: Mapping[str, Shown],
        *,
        values: Values | None = None,
        period_s: float = 0.2,
        history: bool = True,
        port: int = 0,
        namespace: str = NAMESPACE,
        certificate: tuple[Path, Path] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.truth = Truth()
        self.namespace = namespace
        self.port = port
        self.index = 0
        self._initial = dict(nodes)
        self._values = values
        self._period_s = period_s
        self._history = history
        self._certificate = certificate
        self._users = users
        self._nodes: dict[str, Any] = {}
        self._types: dict[str, Any] = {}
        self._bad: dict[str, int] = {}
        self._written = asyncio.Condition()
        self._mover: asyncio.Task[None] | None = None
        self._server: Any = None
        self.still = False  # True: the mover writes nothing, as a device whose poller died

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"opc.tcp://127.0.0.1:{self.port}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Build the address space (half a second, 100 MB) and listen."""
        users = _Users(self._users) if self._users is not None else None
        self._server = _server(user_manager=users)
        try:
            await self._build(self._server)
            await self._server.start()
        except BaseException:
            self._server = None  # it does not listen: there is nothing to stop
            raise
        self.port = self._server.bserver.port
        self._mover = asyncio.create_task(self._move(), name="opcua stand-in")

    async def _build(self, server: Any) -> None:
        server.iserver.disabled_clock = True  # its clock task outlives stop() by up to a second; ours ticks instead
        collecting = gc.isenabled()
        gc.disable()  # 6,000 nodes at once: collecting among them doubles the time
        try:
            await server.init()
        finally:
            if collecting:
                gc.enable()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}/")
        server.socket_address = ("127.0.0.1", self.port)
        policies = [ua.SecurityPolicyType.NoSecurity]
        if self._certificate is not None:
            certificate, key = self._certificate
            await server.load_certificate(str(certificate))
            await server.load_private_key(str(key))
            policies += [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt, ua.SecurityPolicyType.Basic256Sha256_Sign]
        server.set_security_policy(policies)
        if self._users is not None:
            server.set_identity_tokens([ua.UserNameIdentityToken, ua.AnonymousIdentityToken])
        self.index = await server.register_namespace(self.namespace)
        objects = server.get_objects_node()
        hydrants = await objects.add_folder(ua.NodeId("Hydrants", self.index), ua.QualifiedName("Hydrants", self.index))
        folders: dict[str, Any] = {}
        for name, value in self._initial.items():
            folder = name.rpartition(".")[0]
            if folder and folder not in folders:
                folders[folder] = await hydrants.add_object(
                    ua.NodeId(folder, self.index), ua.QualifiedName(folder, self.index)
                )
            await self._add(folders.get(folder, hydrants), name, value)
        await self.write(self._initial)

    async def stop(self) -> None:
        """Stop moving, close every connection and the port."""
        if self._mover is not None:
            self._mover.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._mover
            self._mover = None
        if self._server is not None:
            self._close_port()
            await self._drop_clients()
            await self._server.stop()
            await asyncio.sleep(0)
            self._server = None

    async def restart(self, down_s: float = 0.5) -> None:
        """Drop every session and the port for `down_s`, then listen again on the same port; values keep moving."""
        binary = self._server.bserver
        self._close_port()
        await self._drop_clients()
        await binary.stop()
        await asyncio.sleep(down_s)
        again: Any = asyncua.server.binary_server_asyncio.BinaryServer(
            self._server.iserver, "127.0.0.1", self.port, self._server.limits
        )
        again.set_policies(binary._policies)  # noqa: SLF001 - asyncua gives no way to listen again without a new server
        await again.start()
        self._server.bserver = again

    async def write(self, values: Mapping[str, Shown]) -> int:
        """Let the nodes show these values from now on; the source time given, in UTC nanoseconds."""
        now = datetime.now(UTC)
        source_ns = _ns(now)
        for name, value in values.items():
            status = self._bad.get(name, 0)
            shown = None if status & 0x8000_0000 else value
            variant = None if shown is None else ua.Variant(shown, self._types[name])
            data = ua.DataValue(variant, StatusCode=ua.StatusCode(status), SourceTimestamp=now)
            self.truth.show(name, source_ns, shown, status)
            node = self._nodes[name]
            for _ in range(CLIENTS_LEAVING):
                with contextlib.suppress(RuntimeError):  # a client left in the middle: nobody behind it was told
                    await self._server.write_attribute_value(node.nodeid, data)
                    break
            if self._history:
                await self._server.iserver.history_manager.storage.save_node_value(node.nodeid, data)
        async with self._written:
            self._written.notify_all()
        return source_ns

    async def shown(self, node: str, count: int) -> None:
        """Wait until `node` has shown that many values in all; Stuck when it shows none any more."""

        def so_far() -> int:
            return len(self.truth.values.get(node, ()))

        async with patient(f"{node} shows {count} values", 20, so_far), self._written:
            await self._written.wait_for(lambda: so_far() >= count)

    async def set_status(self, name: str, status: int, value: Shown = None) -> None:
        """Show `name` with this status code from now on (0: good again); a Bad one shows no value."""
        self._bad[name] = status
        await self.write({name: value if value is not None else self.truth.values[name][-1] or self._initial[name]})

    async def rename_namespace_first(self) -> None:
        """Shift our namespace by one index, as servers do when another part of them starts first."""
        spaces = self._server.get_node(ua.NodeId(ua.ObjectIds.Server_NamespaceArray))
        names = await spaces.read_value()
        await spaces.write_value([*names[: self.index], "urn:hydronest:hil:newcomer", *names[self.index :]])

    async def _add(self, parent: Any, name: str, value: Shown) -> None:
        self._types[name] = getattr(ua.VariantType, _TYPES[type(value)])
        node_id = ua.NodeId(name, self.index)
        node = await parent.add_variable(
            node_id, ua.QualifiedName(name.rpartition(".")[2], self.index), value, self._types[name]
        )
        self._nodes[name] = node
        if self._history:
            await node.set_attr_bit(ua.AttributeIds.AccessLevel, ua.AccessLevel.HistoryRead)
            await self._server.iserver.history_manager.storage.new_historized_node(node_id, timedelta(days=1), 100_000)

    async def _move(self) -> None:
        clock = self._server.iserver.current_time_node
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self._values is not None and not self.still:
                await self.write(self._values())
            await clock.write_value(datetime.now(UTC))
            due = max(due + self._period_s, loop.time())
            await asyncio.sleep(due - loop.time())

    def _close_port(self) -> None:
        """Before anything else: a client let in while asyncua's own stop is at work would keep it waiting for ever."""
        self._server.bserver._server.close()  # noqa: SLF001 - asyncua closes it last

    async def _drop_clients(self) -> None:
        """End every session and its publishing: asyncua leaves those tasks running when it stops."""
        service = self._server.iserver
        for session in list(service._external_sessions.values()):  # noqa: SLF001 - asyncua has no other list of them
            await session.close_session(True)
        for subscription in list(service.subscription_service.subscriptions.values()):
            await subscription.stop()
        service.subscription_service.subscriptions.clear()
        await asyncio.sleep(0)


class _Users(asyncua.server.user_managers.UserManager):
    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def get_user(self, *_: Any, username: Any = None, password: Any = None, **__: Any) -> Any:
        """The user where the password fits, anonymous with no name, None otherwise."""
        if username is None or self._users.get(username) == password:
            return _user(role=_role.User, name=username or "anonymous")
        return None


def _ns(at: datetime) -> int:
    """UTC nanoseconds, exact to the microsecond."""
    return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000


def wave(names: list[str], period_s: float = 60.0) -> Values:
    """Each node a slow sine around 350 kPa, its own phase: something that always moves."""
    from math import sin, tau

    def now() -> dict[str, Shown]:
        t = time.monotonic()
        return {name: 350.0 + 50.0 * sin(tau * (t / period_s + i / len(names))) for i, name in enumerate(names)}

    return now
