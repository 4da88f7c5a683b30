"""The end of an account: it is suspended, waits for a declared time in which it can be had back, and is closed."""
