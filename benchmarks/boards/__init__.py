"""How long each panel of the boards takes with 1, 10 and 100 million raw events behind it."""
