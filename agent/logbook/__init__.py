"""Flights that were, as files: as flight writes them, and as whoever may reads them. It knows no running flight."""
