"""What time it was: both clocks noted, and reckoned back."""
