"""Who enters what, asked for and shown."""
