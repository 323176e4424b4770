"""BeiDou short messages: sentences, the digest, and the terminal."""
