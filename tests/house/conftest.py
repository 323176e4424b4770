"""What the tests of the house hold while one file of them runs."""

from collections.abc import Iterator

import pytest

from tests.house.sources import sources


@pytest.fixture(scope="module", autouse=True)
def _sources_are_let_go() -> Iterator[None]:
    """A hundred megabytes of trees: no file of tests in another room has a use for them."""
    yield
    sources.cache_clear()
