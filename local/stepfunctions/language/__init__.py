"""What the Amazon States Language allows in each part of a definition."""
