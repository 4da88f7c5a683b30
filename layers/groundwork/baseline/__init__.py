"""The baseline: components that read, compare and yield the calls which close the difference."""
