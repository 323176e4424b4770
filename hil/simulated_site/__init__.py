"""A small town on the other side of the wires: its water, its hydrants on RS-485, TCP and OPC UA, and its platform."""

from hil.simulated_site.simulated_site import SimulatedSite

__all__ = ["SimulatedSite"]
