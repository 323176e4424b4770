"""How everything stands, as documents for the platform: one a topic, kept there by the broker until the next."""
