"""``undertow lottery``: what speed a compression really buys on this machine, predicted against
realised, and who pays for it (2009.06489)."""
