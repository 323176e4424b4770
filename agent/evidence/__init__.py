"""A day's verdicts with everything they rest on, in one file anyone can recompute and nobody can quietly change."""
