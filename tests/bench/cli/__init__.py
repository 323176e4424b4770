"""What the board costs on the hot path."""
