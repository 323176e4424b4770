"""Aircraft addresses, checked without importing mavsdk."""

import re

_URL = re.compile(r"(udpin|udpout|tcpin|tcpout)://[^/:\s]+:\d{1,5}|serial(_flowcontrol)?://[^:\s]+:\d+")
EXAMPLES = ("udpin://0.0.0.0:14550", "tcpout://HOST:PORT", "serial:///dev/serial/by-id/NAME:57600")


def is_url(url: str) -> bool:
    """Whether mavsdk 4.1 takes this address."""
    return _URL.fullmatch(url) is not None
