"""What makes a stack fail."""

from __future__ import annotations


class StackError(Exception):
    """A stack operation cannot go on; the message is the status reason that AWS would show, or ours."""


class NotEmbedded(StackError):
    """AWS could do this, the embedded CloudFormation cannot, and it does not pretend to."""


class ExportInUse(StackError):
    """What another stack imports neither goes nor changes; the stack stays as it was."""


class RollbackFailed(StackError):
    """What failed is told, and what could not be put back; both stay in the account."""
