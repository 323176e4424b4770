"""Samples and facts in, verdicts and events out: pure, without I/O and without a clock of its own."""
