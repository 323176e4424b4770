"""The command line: `hydronest`. It asks the running agent and shows what it says; it imports next to nothing."""
