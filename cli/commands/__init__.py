"""A module for each command; `cli.app` has the list."""
