"""A state machine as a picture: what leads where, where it stands on the page, and the SVG."""
