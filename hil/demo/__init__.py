"""`hydronest demo`: the real agent on a simulated town, a screen to watch it on, and keys to break things with."""
