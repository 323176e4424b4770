"""The pages for a browser: a process of its own, which looks and changes nothing."""
