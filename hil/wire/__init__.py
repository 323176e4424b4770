"""A simulated RS-485 pair: bytes take their time, and everything that goes wrong on a real one can be ordered."""
