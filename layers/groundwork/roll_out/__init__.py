"""The story of the whole organization: which accounts are in a roll-out, and what became of them."""
