"""What people ask Groundwork for: read, checked, and put on the bus of the management account as events."""
