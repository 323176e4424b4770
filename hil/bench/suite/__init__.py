"""Tests that come with the product, for any bench: `pytest --bench FILE --pyargs hil.bench.suite`."""
