"""Water in the mains: the network, what a hydrant gives alone and with others, and how sure that is. Pure."""
