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

CODES = {
    DEGRADED: "cli.degraded",
    USAGE: "cli.usage",
    ALARM: "cli.alarm",
    NO_ANSWER: "cli.no_answer",
    BAD_DATA: "cli.bad_data",
    NOT_RUNNING: "cli.not_running",
    BUG: "cli.bug",
    CANNOT_WRITE: "cli.cannot_write",
    TRY_AGAIN: "cli.try_again",
    NO_PERMISSION: "cli.no_permission",
    BAD_SETTINGS: "cli.bad_settings",
}
"""What a command's own trouble is called in --json: a reason of somebody else's has a code of its own."""
