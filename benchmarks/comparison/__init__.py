"""How long a comparison over a year takes: `hostledger compare`, as people run it, on rollups that the engine made."""
