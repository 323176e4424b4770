"""Certificates of the uplinks: our own, and the authorities that we go by."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent.runtime.certificate_stages import DAY_S, EVERY_S, FIRST_S, CertificateStages, last_end_s
from agent.runtime.clock.reckon import Reckoned
from agent.settings.uplinks import UplinkHead


def certificate_files(uplinks: Iterable[UplinkHead]) -> Iterator[tuple[str, Path]]:
    """Whose, and where: our own, and the authority that we go by."""
    for uplink in uplinks:
        if (tls := getattr(uplink, "tls", None)) is not None:
            for what, file in (("certificate", tls.certificate_file), ("authority", tls.ca_file)):
                if file is not None:
                    yield f"uplink {uplink.id} {what}", file


class CertificateWatch:
    """`run` looks each hour. While nobody vouches for the time, nothing is said about it."""

    def __init__(self, files: Mapping[str, Path], clock: Callable[[], Reckoned], stages: CertificateStages) -> None:
        self._files = files
        self._clock = clock
        self._stages = stages

    async def run(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            ends = await asyncio.to_thread(lambda: {name: last_end_s([file]) for name, file in self._files.items()})
            now = self._clock()
            for name, end_s in ends.items() if now.err_ms is not None else ():
                if end_s is not None:
                    self._stages.look(name, (end_s - now.wall_ns / 1e9) / DAY_S)
            await asyncio.sleep(EVERY_S)
