"""`groundwork adopt`: what a baseline would do to accounts that are there already, and how they are brought to it."""
