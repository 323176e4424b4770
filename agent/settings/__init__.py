"""What a person writes: the site file and the profiles it names, read once, every mistake reported at once."""
