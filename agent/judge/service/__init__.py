"""What ticks, remembers and answers around the pure judge."""
