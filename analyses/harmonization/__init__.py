"""Effects of sites and scanners: estimated, recorded, removed."""
