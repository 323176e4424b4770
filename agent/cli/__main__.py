"""`python -m agent.cli` is `hydronest`."""

import sys

from agent.cli.main import main

sys.exit(main())
