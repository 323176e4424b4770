"""The uplink to a city fire monitoring centre (GB/T 26875.3): what of a record it understands, and the talking."""
