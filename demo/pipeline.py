"""A pipeline of mgmt deploys a small application into workload accounts, and tries what leads further.

It has no credentials but those of its own role, a role of the tooling account below `ci-cd/`; in an account it has those
of the deploy role.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from demo.callers import assume, role_arn
from demo.doors import REFUSALS
from demo.repair import Attempt, refusal
from groundwork.contracts import Account
from local.engine import Engine
from local.identity.credentials import Credentials

APPLICATION = (Path(__file__).parent / "application.yaml").read_text()
DEPLOY, BOUNDARY = "allow-deploy-from-mgmt-account", "workload-boundary"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
QUEUE = {"Type": "AWS::SQS::Queue"}
NOT_DONE = ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Pipeline:
    """At work in one account, which it entered by `role` with its own `credentials`. Raises ClientError where that does
    not let it in."""

    def __init__(self, aws: Engine, credentials: Credentials, account: Account, role: str = DEPLOY) -> None:
        self._aws, self.account = aws, account
        self.session = assume(aws, credentials, role_arn(aws, account.id, role), "deployment")
        self._stacks = self.client("cloudformation")

    def client(self, service: str) -> Any:
        return self._aws.client(service, credentials=self.session)

    # What it is for ------------------------------------------------------------------------------

    def deploy(self, greeting: str) -> dict[str, Any]:
        """The application, made or updated; its stack."""
        return self._stack(
            "greetings", APPLICATION, Parameters=[{"ParameterKey": "Greeting", "ParameterValue": greeting}]
        )

    def use(self) -> tuple[str, str]:
        """What the function wrote into its bucket, and what it told its queue."""
        outputs = {each["OutputKey"]: each["OutputValue"] for each in self._described("greetings")["Outputs"]}
        answer = self.client("lambda").invoke(FunctionName=outputs["Function"])
        if "FunctionError" in answer:
            return str(answer["Payload"].read()), ""
        written = self.client("s3").get_object(Bucket=outputs["Bucket"], Key="greeting")["Body"].read()
        sqs = self.client("sqs")
        (message,) = sqs.receive_message(QueueUrl=outputs["Queue"])["Messages"]
        sqs.delete_message(QueueUrl=outputs["Queue"], ReceiptHandle=message["ReceiptHandle"])
        return written.decode(), message["Body"]

    # What leads further --------------------------------------------------------------------------

    def reach_further(self) -> Iterator[Attempt]:
        """A role outside the path, one without the boundary, a change of the baseline; and what a stack might do with a
        service role of its own, without anybody passing that role again."""
        outside = _template(Role=_role("ec2.amazonaws.com", self._boundary))
        yield self._tried("make a role outside /workload/", "outside", outside)
        unbound = _template(Role=_role("ec2.amazonaws.com", None, Path="/workload/"))
        yield self._tried("make a role without the boundary", "unbound", unbound)
        iam, cloudtrail = self.client("iam"), self.client("cloudtrail")
        anything = json.dumps(_document(Action="*", Resource="*"))
        for words, call in (
            (
                f"widen {BOUNDARY}",
                lambda: iam.create_policy_version(
                    PolicyArn=self._boundary, PolicyDocument=anything, SetAsDefault=True
                ),
            ),
            (
                f"widen {DEPLOY}",
                lambda: iam.put_role_policy(RoleName=DEPLOY, PolicyName="all", PolicyDocument=anything),
            ),
            ("stop the trail", lambda: cloudtrail.stop_logging(Name="groundwork")),
        ):
            yield Attempt(words, refusal(call))
        yield self._by_the_role_of_a_stack()

    def _by_the_role_of_a_stack(self) -> Attempt:
        """CloudFormation goes on with the role that a stack was made with, though nobody passes it again.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
        """
        service = _role(
            "cloudformation.amazonaws.com",
            self._boundary,
            Path="/workload/",
            RoleName="deployer",
            ManagedPolicyArns=[ADMINISTRATOR],
        )
        for name, template, more in (
            ("deployer", _template(Role=service), {}),
            (
                "infrastructure",
                _template(Queue=QUEUE),
                {"RoleARN": role_arn(self._aws, self.account.id, "deployer", "/workload/")},
            ),
        ):
            made = self._stack(name, template, **more)
            if made["StackStatus"] in NOT_DONE:
                raise RuntimeError(f"{name}: {made.get('StackStatusReason')}")
        return self.make_an_administrator("infrastructure")

    def make_an_administrator(self, stack: str) -> Attempt:
        """By whatever a stack that has a queue is carried out with."""
        administrator = _role("ec2.amazonaws.com", None, ManagedPolicyArns=[ADMINISTRATOR])
        words = "make an administrator by the service role of a stack, which has AdministratorAccess"
        return self._tried(words, stack, _template(Queue=QUEUE, Administrator=administrator))

    # ---------------------------------------------------------------------------------------------

    @property
    def _boundary(self) -> str:
        return f"arn:{self._aws.partition}:iam::{self.account.id}:policy/{BOUNDARY}"

    def _tried(self, words: str, stack: str, template: str) -> Attempt:
        """Refused is what fails for want of a permission; any other failure is raised."""
        made = self._stack(stack, template)
        if made["StackStatus"] not in NOT_DONE:
            return Attempt(words, None)
        reason = str(made.get("StackStatusReason"))
        if not any(refused in reason for refused in (*REFUSALS, "not authorized")):
            raise RuntimeError(f"{stack}: {reason}")
        return Attempt(words, reason)

    def _stack(self, name: str, template: str, **more: Any) -> dict[str, Any]:
        there = any(stack["StackName"] == name for stack in self._stacks.describe_stacks()["Stacks"])
        carry_out: Callable[..., Any] = self._stacks.update_stack if there else self._stacks.create_stack
        carry_out(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"], **more)
        return self._described(name)

    def _described(self, name: str) -> dict[str, Any]:
        stack: dict[str, Any] = self._stacks.describe_stacks(StackName=name)["Stacks"][0]
        return stack


def _template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def _role(service: str, boundary: str | None, **more: Any) -> dict[str, Any]:
    trust = _document(Principal={"Service": service}, Action="sts:AssumeRole")
    bounded = {"PermissionsBoundary": boundary} if boundary else {}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trust, **bounded, **more},
    }


def _document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
