"""`python -m tests.bench.site.bare_loop PORT UNITS SECONDS`: a bare pymodbus loop, 1 Hz, ten registers a unit.

The reference: no settings, no qualities, no judge, nothing kept, nothing sent. Prints points and CPU seconds.
"""

import asyncio
import logging
import sys
import time

from pymodbus.client import AsyncModbusTcpClient


async def main(port: int, units: int, seconds: float) -> None:
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0)
    await client.connect()
    points = 0
    began, cpu = time.monotonic(), time.process_time()
    turn = 0
    while time.monotonic() - began < seconds:
        for unit in range(1, units + 1):
            answer = await client.read_holding_registers(0, count=10, device_id=unit)
            points += len(answer.registers)
        turn += 1
        await asyncio.sleep(max(0.0, began + turn - time.monotonic()))
    sys.stdout.write(f"{points} {time.process_time() - cpu}\n")
    client.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
