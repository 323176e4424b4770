"""`hydronest commission`: a technician's way from hydrant to hydrant of a station, to a page of proof."""
