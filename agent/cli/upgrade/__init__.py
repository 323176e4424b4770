"""An upgrade that looks after itself: what is signed for is installed, watched, and undone where it is worse."""
