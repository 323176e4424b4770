"""Exit codes. Scripts rely on them: never change one. (65 and up follow BSD sysexits.)"""

OK = 0
DEGRADED = 1  # or a check that failed
USAGE = 2
ALARM = 3
NO_ANSWER = 4  # a device did not answer
BAD_DATA = 65
NOT_RUNNING = 69
BUG = 70  # a mistake in hydronest itself
CANNOT_WRITE = 73
TRY_AGAIN = 75
NO_PERMISSION = 77
BAD_SETTINGS = 78
INTERRUPTED = 130
BROKEN_PIPE = 141
