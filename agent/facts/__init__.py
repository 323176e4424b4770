"""Facts that people told the agent, kept on disk."""
