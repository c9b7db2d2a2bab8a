"""What is true: pure functions on values and frames."""
