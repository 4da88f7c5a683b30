"""sts:AssumeRoot, which moto does not have: a session of a member account's root user that does one privileged task.

moto also refuses a policy whose resource is a root user, which is what the action is allowed on.

The management account, or a delegated administrator for IAM, opens it while the organization has root sessions on; never a
root user. The session may do what its task policy does not deny, and no more than 15 minutes long. Which error AWS answers
where one of this does not hold, it does not document: here it is AccessDenied.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

import re
import time
from typing import Any

from moto.core.responses import ActionResult
from moto.iam import policy_validation
from moto.sts.responses import TokenResponse

from local.authorization import state
from local.engine import Engine
from local.iam.features import IAM_PRINCIPAL
from local.identity.principals import Principal
from local.identity.sts import StsError, shown
from local.organizations import organization_of

LONGEST = 900
TASKS = (
    *("IAMAuditRootUserCredentials", "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials"),
    *("S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"),
)
TARGET = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?")


def install(engine: Engine) -> None:
    def assume_root(request: TokenResponse) -> ActionResult:
        token = request.headers.get("X-Amz-Security-Token")
        caller: Principal = engine.registry.identify(request.get_access_key(), token)
        session = _session(request, caller)
        return ActionResult({"Credentials": shown(session, engine.registry.issue(session))})

    engine.add(TokenResponse, "assume_root", assume_root)
    paths: Any = policy_validation.VALID_RESOURCE_PATH_STARTING_VALUES
    with_root = {**paths["iam"], "values": [*paths["iam"]["values"], "root"]}
    engine.patch(policy_validation, "VALID_RESOURCE_PATH_STARTING_VALUES", {**paths, "iam": with_root})


def _session(request: TokenResponse, caller: Principal) -> Principal:
    named = TARGET.fullmatch(str(request._get_param("TargetPrincipal")))
    if named is None:
        raise StsError(
            "ValidationError", "TargetPrincipal is neither an account id nor the ARN of a root user."
        )
    account, given = named[1], request._get_param("TaskPolicyArn") or {}
    task, duration = str(given.get("arn")), request._get_int_param("DurationSeconds", LONGEST)
    partition = request.partition
    if task not in {f"arn:{partition}:iam::aws:policy/root-task/{name}" for name in TASKS}:
        raise StsError("ValidationError", f"{task} is no task policy.")
    if not 0 <= duration <= LONGEST:
        raise StsError("ValidationError", f"DurationSeconds is at most {LONGEST}.")
    _require_administered(caller, account, partition)
    now = time.time()
    return Principal(
        "root",
        account,
        f"arn:{partition}:iam::{account}:root",
        account,
        "root",
        issued=now,
        expires=now + duration,
        task=state.managed_policy_text(account, task),
    )


def _require_administered(caller: Principal, account: str, partition: str) -> None:
    organization: Any = organization_of(caller.account, partition)
    if caller.kind == "root":
        why = "a root user may not call it"
    elif organization is None or not (
        caller.account == organization.account_id or organization.is_delegated(caller.account, IAM_PRINCIPAL)
    ):
        why = "it is for the management account or a delegated administrator for IAM"
    elif "RootSessions" not in organization.iam_features:
        why = "the organization has no root sessions"
    elif account == organization.account_id or account not in {each.id for each in organization.accounts}:
        why = f"{account} is no member account of the organization"
    else:
        return
    raise StsError("AccessDenied", f"AssumeRoot is refused: {why}.")
