"""A nest as the agent sees it: what its PLC proves, and verbs that reach a state."""
