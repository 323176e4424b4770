"""What passes between the processes: messages, the channel they pass through, and the outbox as both ends see it."""
