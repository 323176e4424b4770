"""`hydronest init`: the questions, and the site file that is made of the answers."""
