"""The part of `hydronest profile` that needs a device."""
