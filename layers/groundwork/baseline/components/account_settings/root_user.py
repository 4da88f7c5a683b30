"""Whether an account's root user has credentials, as a plan tells it: nobody but a person takes them away.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.baseline.component import Call, Permission, Target
from groundwork.contracts import Account

READ = Permission(["iam:GetAccountSummary"])
RESOURCE = "root user"
IN_WORDS = {"AccountPasswordPresent": "a password", "AccountAccessKeysPresent": "access keys"}


def read(target: Target) -> Mapping[str, int]:
    found: Mapping[str, int] = target.client("iam").get_account_summary()["SummaryMap"]
    return found


def reports(found: Mapping[str, int], account: Account) -> Iterator[Call]:
    """Of a member account a root user needs no credential; that of the management account has a password, and MFA."""
    if not found:
        return
    if account.kind == "management":
        if found.get("AccountAccessKeysPresent"):
            yield _report("has access keys, which nothing limits; sign in as the root user and delete them")
        if not found.get("AccountMFAEnabled"):
            yield _report(
                "has no MFA: whoever has the password has the organization; sign in as it and add two devices"
            )
        return
    held = [words for name, words in IN_WORDS.items() if found.get(name)]
    if held:
        yield _report(
            f"has {' and '.join(held)}, which a member account's needs never; take them away from the management account, "
            f"by `groundwork root-credentials {account.id} --remove` or in the console under IAM, Root access management"
        )


def _report(reason: str) -> Call:
    return Call("iam", "", {}, RESOURCE, "report", reason, severity="high")
