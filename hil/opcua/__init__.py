"""OPC UA from the other side: a server stand-in that remembers what it showed, and a path to it that can be cut."""
