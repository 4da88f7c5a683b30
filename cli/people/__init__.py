"""People who enter accounts: their profiles, their links, their lines in the declaration."""
