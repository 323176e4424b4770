"""The master: it only forks, watches and starts again."""
