"""Clients that nobody here wrote, run against the embedded AWS with Groundwork in it: `make clients`."""
