"""What every process of the agent stands on: jobs, clocks, durable files, systemd."""
