"""One module per command group, imported only when that group is named."""
