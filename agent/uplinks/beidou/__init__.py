"""BeiDou short messages as an uplink: the last bearer there is, for how everything stands."""
