"""pytest's way to a bench. Loaded in every pytest run where hydronest is installed, so all but the options waits in
`hil.bench.fixtures` until a bench is named.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a run on a bench is told."""
    group = parser.getgroup("bench", "a bench of real or simulated devices (hydronest)")
    group.addoption("--bench", metavar="FILE", help="the bench file; without one no test that needs a bench runs")
    group.addoption(
        "--bench-wait", type=float, default=0.0, metavar="S", help="how long to wait for another job's end (0)"
    )
    group.addoption("--allow-motion", action="store_true", help="things may be written to, and move")


def pytest_configure(config: pytest.Config) -> None:
    """The markers, and the fixtures where a bench is named."""
    config.addinivalue_line("markers", "needs(*abilities): skipped by name where the bench lacks one of them")
    config.addinivalue_line("markers", "sequence: of a class or module: once a step fails, what follows is skipped")
    if config.getoption("bench") is not None:
        from hil.bench import fixtures

        config.pluginmanager.register(fixtures, "hydronest-bench")
        fixtures.begin(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a bench nothing that needs one runs."""
    if item.get_closest_marker("needs") is not None and item.config.getoption("bench") is None:
        pytest.skip("no bench is named: --bench FILE")
