"""What the verbs of `hydronest flight` do and say."""
