"""The bench: real things on real wires, or simulated ones in their place, for tests that run on either."""
