"""Executions of the state machines: started, followed, looked up, and what they found."""
