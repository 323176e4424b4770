"""Samples on their way to the judge: a bug in there rests it for a minute, and costs nobody else."""

import logging
from collections.abc import Callable
from typing import Protocol

from agent.judge.service.service import SAMPLES
from agent.runtime.jobs import PARKED_S, PROVEN_S
from drivers.sample import Sample
from protocols.clock import NowNs
from protocols.reason import Reason

_log = logging.getLogger("hydronest")


class TakesSamples(Protocol):
    """The judge, as far as it is fed."""

    def sample(self, sample: Sample, kept: bool) -> None:
        """One sample, and whether the journal keeps it."""


class JudgeFeed:
    """`sample` never raises. One that the judge fails on stops it for `PARKED_S`: then the next is tried.

    `parked` is told once when it stops, `unparked` once it has taken samples again for `PROVEN_S`.
    """

    def __init__(
        self,
        judge: TakesSamples,
        parked: Callable[[str, Reason | None], None],
        unparked: Callable[[str], None],
        now_ns: NowNs,
    ) -> None:
        self._judge = judge
        self._parked = parked
        self._unparked = unparked
        self._now_ns = now_ns
        self._again_ns: int | None = None  # when it is, or was, tried again; None while nothing is wrong

    def sample(self, sample: Sample, kept: bool) -> None:
        """Judged, or passed over while the judge rests."""
        again_ns = self._again_ns
        if again_ns is not None and self._now_ns() < again_ns:
            return
        try:
            self._judge.sample(sample, kept)
        except Exception:  # a bug of the judge stops the judge, not the line that brought the sample
            _log.exception("the judge failed on a sample of %s and rests for %.0f s", sample.device, PARKED_S)
            self._again_ns = self._now_ns() + round(PARKED_S * 1e9)
            if again_ns is None:
                self._parked(SAMPLES, Reason("judge.failed_on_sample"))
            return
        if again_ns is not None and self._now_ns() - again_ns >= PROVEN_S * 1e9:
            self._again_ns = None
            self._unparked(SAMPLES)
