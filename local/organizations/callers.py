"""Who may call Organizations: the management account, a delegated administrator for reads, a member for little.

Each operation's page in the API reference says from which account it may be called.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

ANY_MEMBER = frozenset(
    {"DescribeOrganization", "DescribeEffectivePolicy", "LeaveOrganization", "ListHandshakesForAccount"}
)
"""Operations that every account of the organization may call."""

READS = ("Describe", "List")


def may_call(operation: str, *, management: bool, delegated: bool) -> bool:
    """Whether an account of that standing may call `operation` (its IAM permissions are another matter).

    A delegated administrator of any service may read. It could manage policies through a resource policy of
    the organization; the engine has none, so that is refused, as it is on AWS without one.
    """
    return management or operation in ANY_MEMBER or (delegated and operation.startswith(READS))
