"""Answers whose cost grows with the data, each in a process of its own."""
