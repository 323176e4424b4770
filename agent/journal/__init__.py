"""What was read is kept until every uplink has confirmed it. SQLite lives here and nowhere else."""
