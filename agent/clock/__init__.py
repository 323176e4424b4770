"""What the gateway knows about the time of day: it has no clock of its own."""
