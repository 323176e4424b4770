"""An aircraft as the agent sees it: verbs that reach a state, and the sums done before one is sent."""
