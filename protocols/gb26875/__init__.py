"""GB/T 26875.3-2011: how a transmitter on site and a city's fire monitoring centre talk. Pure: no I/O, no clock."""
