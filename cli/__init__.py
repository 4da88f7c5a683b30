"""The `groundwork` command: the same code against AWS and the embedded AWS."""
