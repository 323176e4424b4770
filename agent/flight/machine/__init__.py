"""The nest's state machine: one table, what it may look at, and its proof."""
