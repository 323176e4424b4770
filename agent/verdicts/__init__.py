"""The judge at work: ticking, remembered over restarts, asked over the control socket."""
