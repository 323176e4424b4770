"""What the core answers over the control socket, one file a subject."""
