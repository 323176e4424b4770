"""BeiDou short messages: a terminal's sentences, and how everything stands in one of them."""
