"""Every device of the bench against its profile."""

import pytest

from hil.bench.acceptance import CHECKS, Check, judged
from hil.bench.terminal import BenchTerminal
from protocols.reason import sentence


@pytest.mark.needs("terminal")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_acceptance(check: Check, terminal: BenchTerminal) -> None:
    """A check the bench cannot run is skipped by name."""
    verdict = judged(check, terminal)
    if verdict.passed is None:
        pytest.skip("" if verdict.why is None else sentence(verdict.why))
    assert verdict.passed, "" if verdict.why is None else sentence(verdict.why)
