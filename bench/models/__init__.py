"""What follows from what was measured: pure, without an engine."""
