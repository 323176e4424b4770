"""run: the agent itself, in the foreground. Everything after `run` is the agent's own."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Become the agent; returns when it has stopped."""
    from agent.run import main as run  # the whole agent: only here

    return run(argv)
