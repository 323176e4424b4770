"""A small water network whose pressures move together: mains, a tower, a day's demand, fires, bursts, ponds."""
