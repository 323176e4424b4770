"""From an order to a picture overhead and home again: one table, its interlocks, who may order, and the record."""
