"""Aircraft addresses, checked without importing mavsdk."""

import re

_URL = re.compile(r"(udpin|udpout|tcpin|tcpout)://[^/:\s]+:\d{1,5}|serial(_flowcontrol)?://[^:\s]+:\d+")
EXAMPLES = "udpin://0.0.0.0:14550, tcpout://HOST:PORT or serial:///dev/serial/by-id/NAME:57600"


def url_mistake(url: str) -> str:
    """Empty when mavsdk 4.1 takes this address, else what to write instead."""
    return "" if _URL.fullmatch(url) else f"{url!r} is not an aircraft address: write {EXAMPLES}"
