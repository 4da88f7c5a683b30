"""The AWS CLI, version 1, out of the project's own environment: what README.md has people type."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from clients.trials import Client, Trial, refused, run, works
from clients.world import ROOT, World

PROGRAM = Path(sys.executable).with_name("aws")
DEPLOY = (
    "cloudformation deploy --stack-name greetings --template-file demo/application.yaml "
    "--capabilities CAPABILITY_NAMED_IAM --parameter-overrides Greeting=hello"
)
TRIED = (
    ("sts get-caller-identity", "management", "the administrator", ["user/administrator"]),
    (
        "organizations list-accounts",
        "management",
        "six accounts",
        ["security", "mgmt", "dev", "stage", "prod"],
    ),
    ("cloudtrail get-trail-status --name groundwork", "dev", "it is logging", ['"IsLogging": true']),
    ("configservice describe-configuration-recorder-status", "dev", "it records", ['"recording": true']),
    ("s3api list-buckets", "security", "the log archive's buckets", ["groundwork-trail-"]),
    ("iam get-account-password-policy", "dev", "as declared", ['"MinimumPasswordLength": 14']),
    (DEPLOY, "dev", "a stack with a function, a bucket and a queue", ["created/updated stack - greetings"]),
    (DEPLOY.replace("hello", "good-day"), "dev", "the stack, changed", ["created/updated stack - greetings"]),
    ("cloudformation list-exports", "dev", "none yet", ['"Exports": []']),
)


def tries(world: World) -> Iterator[Trial]:
    for words, account, seen, needles in TRIED:
        shell = world.shell(world.inside(account))
        yield works(f"`aws {words}`", run([PROGRAM, *words.split()], shell, ROOT), seen, *needles)
    shell = world.shell(world.inside("dev"))
    to_here = ["--endpoint-url", world.aws.url]
    yield works(
        "`aws sqs list-queues --endpoint-url $AWS_ENDPOINT_URL`",
        run([PROGRAM, "sqs", "list-queues", *to_here], shell, ROOT),
        "without the option version 1 goes to an address of SQS's own from former days",
        "greetings",
    )
    ada = world.shell(world.entered_by("ada", "dev"))
    yield refused(
        "`aws cloudtrail stop-logging --name groundwork`, as an administrator in dev",
        run([PROGRAM, "cloudtrail", "stop-logging", "--name", "groundwork"], ada, ROOT),
        "`AccessDeniedException`, by the service control policy",
        "AccessDenied",
        "explicit deny in a service control policy",
    )
    yield refused(
        "`aws rds describe-db-instances --endpoint-url $AWS_ENDPOINT_URL`",
        run([PROGRAM, "rds", "describe-db-instances", *to_here], shell, ROOT),
        "`NotImplemented`: RDS is not embedded",
        "An error occurred (NotImplemented) when calling the DescribeDBInstances operation",
    )


CLIENT = Client("AWS CLI", lambda: version("awscli"), tries)
