"""What no linter looks at: no registry host, no machine path in a tracked file; files over 300 lines are named."""

import re
import subprocess
import sys
from pathlib import Path

# Files over 300 lines that have a reason to be: {path: reason}. A test of one thing may take 500.
LONG: dict[str, str] = {
    "agent/core/parts.py": "one list: what a core consists of, each part made of the others",
    "agent/journal/recovery.py": "how every part of a damaged file is known for what it is, side by side",
    "agent/journal/journal.py": "the journal's face: all its state serves one group commit",
    "agent/judge/judge.py": "one pass over a sample: what it touches is read in one place",
    "agent/settings/rules.py": "the models of one file people argue with, in its order",
    "agent/judge/service/service.py": "the court's face: one state behind every answer",
    "tests/judge/test_service.py": "the court over restarts, faults and clocks, case by case",
    "drivers/drone/drone.py": "the verbs of one aircraft share their checks and outcomes",
    "hil/vehicle/autopilot.py": "one autopilot: its habits are read beside each other",
    "protocols/modbus/line.py": "one wire's state machine: what an answer, a silence or a loss means for it",
    "agent/cli/lang/zh/base.py": "a table: one sentence a line",
    "protocols/lang/en.py": "compiled: one sentence a line",
    "protocols/lang/zh.py": "compiled: one sentence a line",
    "tools/verify_evidence.py": "stands alone by design: an auditor takes this one file along",
}

HOST = re.compile(
    r"""(index-url|find-links)[ =]+["']?http|"resolved": *"http|://[^ "']+/(simple|packages)/"""
    r"""|(^|[ "'`=(:])/(work|farm|root|home)/"""
)


def tracked() -> list[Path]:
    """The files git tracks or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.splitlines() if (path := Path(name)).is_file()]


def main() -> int:
    """Print each fault as `file:line: what`; 1 if there is any."""
    faults = []
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        if path != Path("tools/check_tree.py"):
            faults += [
                f"{path}:{number}: a registry host or a machine path: {line.strip()[:100]}"
                for number, line in enumerate(lines, 1)
                if HOST.search(line)
            ]
        most = 500 if path.parts[0] == "tests" else 300
        if path.suffix == ".py" and len(lines) > most and str(path) not in LONG:
            faults.append(f"{path}: {len(lines)} lines; split it, or give the reason in tools/check_tree.py")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
