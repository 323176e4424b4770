"""`python -m tests.bench.site.units`: Modbus TCP units of ten registers that change at every read. Prints its port.

Written against the framing alone, so that the far end costs the machine as little as it can.
"""

import asyncio
import struct
import sys


class Units(asyncio.Protocol):
    def __init__(self) -> None:
        self.rest = b""
        self.turn = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        while len(data) >= 12:
            transaction, _, length, unit, function, _address, count = struct.unpack_from(">HHHBBHH", data)
            data = data[6 + length :]
            self.turn = (self.turn + 7) % 5000
            words = [1000 + self.turn + i for i in range(count)]
            head = struct.pack(">HHHBBB", transaction, 0, 3 + 2 * count, unit, function, 2 * count)
            self.transport.write(head + struct.pack(f">{count}H", *words))
        self.rest = data


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Units, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
