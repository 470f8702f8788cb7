"""THE RULES: the deterministic core. No IO, clock, randomness or float in here."""
