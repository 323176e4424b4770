"""What strangers send: every door of the gateway takes it, refuses it, and goes on."""
