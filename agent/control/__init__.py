"""The control socket: how a person or a script on the gateway asks the running agent."""
