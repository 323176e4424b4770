"""A small town on the other side of the wires: its water, its hydrants on RS-485, TCP and OPC UA, and its platform."""

from hil.town.town import Town

__all__ = ["Town"]
