"""The door, started."""
