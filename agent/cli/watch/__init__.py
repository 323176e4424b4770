"""The live screen of `hydronest watch`: plain ANSI, one write a frame, nothing but what changed."""
