"""The process that flies: nests, aircraft, orders, records. It shares nothing with what listens to strangers."""
