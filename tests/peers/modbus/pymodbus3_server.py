"""A Modbus server on Debian's own pymodbus 3.0, run by /usr/bin/python3: `tcp PORT`.

Same values as libmodbus_server.c.
"""

import asyncio
import sys
import types

COUNT = 200


def without_serial() -> None:
    """Debian's package imports pyserial, which need not be installed, even for TCP."""
    for name in ("serial", "serial_asyncio"):
        stand_in = types.ModuleType(name)
        vars(stand_in)["create_serial_connection"] = None
        sys.modules.setdefault(name, stand_in)


async def main() -> None:
    """Serve until killed; prints "ready" just before listening."""
    from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
    from pymodbus.server import StartAsyncTcpServer

    slave = ModbusSlaveContext(
        di=ModbusSequentialDataBlock(0, [i % 5 == 0 for i in range(COUNT)]),
        co=ModbusSequentialDataBlock(0, [i % 3 == 0 for i in range(COUNT)]),
        hr=ModbusSequentialDataBlock(0, [(257 * i + 1) & 0xFFFF for i in range(COUNT)]),
        ir=ModbusSequentialDataBlock(0, [(73 * i + 5) & 0xFFFF for i in range(COUNT)]),
        zero_mode=True,
    )
    print("ready", flush=True)
    context = ModbusServerContext(slaves=slave, single=True)
    await StartAsyncTcpServer(context=context, address=("127.0.0.1", int(sys.argv[2])))


without_serial()
asyncio.run(main())
