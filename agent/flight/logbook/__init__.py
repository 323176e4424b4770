"""What is kept of every flight, and its index."""
