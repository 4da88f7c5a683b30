"""The closing of accounts, without AWS."""
