"""`python -m hil.bench`, which `hydronest bench` becomes: the same command line, with what its verbs do."""

import sys

from agent.cli.main import main
from hil.bench.verbs import register

if __name__ == "__main__":
    register()
    sys.exit(main())
