"""run: the agent itself, in the foreground. Everything after `run` is the agent's own."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Become the agent; returns when it has stopped."""
    run = __import__("agent.run", fromlist=("main",))  # the whole agent: only here
    code: int | None = run.main(argv)
    return code or 0
