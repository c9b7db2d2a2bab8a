"""How it arrives."""
