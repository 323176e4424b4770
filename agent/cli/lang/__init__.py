"""What the command line says in other languages: plain dicts, the English text is the key."""
