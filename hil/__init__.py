"""The world outside: simulated water, terminals, wires, nest, vehicle and platform, with faults to order."""
