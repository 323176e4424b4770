"""What to do: settings, supervision, the judge, the journal, uplinks, orders, the control socket and the CLI."""
