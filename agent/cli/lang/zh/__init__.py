"""Simplified Chinese: `base` for everyone, `words` for the field's terms, one module per command group."""
