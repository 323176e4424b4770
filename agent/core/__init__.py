"""The process that reads: hydrant lines, intake, judge, journal, and the control socket."""
