"""A nest's PLC with mechanics that take time, jam, and lie."""
