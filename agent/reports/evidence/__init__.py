"""A day's proof for others: written from what was committed, chained, verifiable."""
