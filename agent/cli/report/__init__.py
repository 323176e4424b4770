"""The month on paper: what was asked of the agent, and the page made of it."""
