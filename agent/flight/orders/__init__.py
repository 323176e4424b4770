"""Who may order what, and whether it may be obeyed now."""
