"""`groundwork demo`"""

from __future__ import annotations


def demo() -> None:
    """Five accounts on an embedded AWS, every door tried.

    Example: groundwork demo
    """
    from cli.home import become

    become("demo", [], {})
