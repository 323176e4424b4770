"""The command line and the control socket."""
