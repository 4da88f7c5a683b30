"""The owner's declaration: found, checked, compared with another, founded."""
