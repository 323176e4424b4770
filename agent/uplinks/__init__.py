"""The way out: each uplink carries the journal's committed records to one far end, and releases what it confirmed."""
