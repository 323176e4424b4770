"""Simulated Modbus devices: they say what a water model tells them, by a profile's register map, and may misbehave."""
