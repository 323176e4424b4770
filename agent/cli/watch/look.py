"""What the live screen has to draw on."""

from __future__ import annotations


class Look:
    """The terminal as it is: size in cells and what it may be sent."""

    def __init__(self, width: int, height: int, colour: bool, ascii_only: bool) -> None:
        self.width = max(width, 20)
        self.height = max(height, 6)
        self.colour = colour
        self.ascii = ascii_only
