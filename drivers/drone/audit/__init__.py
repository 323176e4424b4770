"""What an autopilot must be set to before a nest may launch it: each parameter that decides the way home, and why."""
