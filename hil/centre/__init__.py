"""A city fire monitoring centre, simulated: takes GB/T 26875.3 uploads, asks, checks duty, and misbehaves to order."""

from hil.centre.centre import Centre, Kept

__all__ = ["Centre", "Kept"]
