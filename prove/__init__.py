"""`make prove`: what Groundwork promises, tried in every way that can be thought of, and counted."""
