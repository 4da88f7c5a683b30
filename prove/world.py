"""An organization to try things on: the real template deployed, the security account ready, and no schedule that interferes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.engine import Engine
from tests.workflow.conftest import SCHEDULES, Cloud, bootstrapped, deployed, groundwork_of_ones_own
from tests.workflow.looking import portrait

TIME_SCALE = 0.02
ACCOUNT_LIMIT = 10_000
TEMPLATE = Path(__file__).parents[1] / "template.yaml"


@contextmanager
def declaring(old: str, new: str) -> Iterator[Path]:
    """The template of a Groundwork in whose `baseline.yaml` one text stands in place of another."""
    with TemporaryDirectory(prefix="declaration-") as folder:
        template = groundwork_of_ones_own(Path(folder))
        baseline = template.parent / "layers" / "baseline" / "baseline.yaml"
        text = baseline.read_text()
        if old not in text:
            raise ValueError(f"baseline.yaml has no {old!r}")
        baseline.write_text(text.replace(old, new, 1))
        yield template


STACK, ITS_ROLE = "groundwork-alerts", "groundwork-stack-alerts"
QUARANTINE = "Quarantine"
WAITING = f"""quarantine: {{unit: {QUARANTINE}, madeElsewhere: true}}

stacks:
  - name: alerts
    template: alerts.yaml
    where: {{kinds: [workload]}}
    parameters: {{Shown: declared}}
    policies: [alerts]

prune: {{stacks: remove}}

organizationalUnits:
  - {QUARANTINE}
"""
ALERTS = """
Parameters: {Shown: {Type: String}}
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: alerts, DisplayName: !Ref Shown}}}
"""
MAKES_ALERTS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sns:*", "Resource": "arn:<partition>:sns:*:*:alerts"}],
}


@contextmanager
def with_quarantine_and_a_stack() -> Iterator[Path]:
    """The template of a Groundwork whose new accounts wait in quarantine, and get a stack of the owner's."""
    with declaring("organizationalUnits:\n", WAITING) as template:
        home = template.parent / "layers" / "baseline"
        declared = (home / "baseline.yaml").read_text()
        line = "workload: [access,"
        if line not in declared:
            raise ValueError(f"baseline.yaml has no {line!r}")
        (home / "baseline.yaml").write_text(declared.replace(line, "workload: [stacks, access,", 1))
        (home / "templates").mkdir()
        (home / "templates" / "alerts.yaml").write_text(ALERTS)
        (home / "policies" / "alerts.json").write_text(json.dumps(MAKES_ALERTS))
        yield template


class World:
    """An embedded AWS with Groundwork in it. CreateAccountResult never comes: whatever dies has to
    be finished without it."""

    def __init__(self, cloud: Cloud, *, security: bool = True) -> None:
        self.aws, self.cloud = cloud.aws, cloud
        cloud.aws.creation.account_limit = ACCOUNT_LIMIT
        cloud.aws.creation.event_copies = 0
        for rule in SCHEDULES:
            cloud.aws.client("events").disable_rule(Name=cloud.physical(rule))
        self.security = cloud.declared("security") if security else ""

    @classmethod
    def deployed(cls, aws: Engine, template: Path = TEMPLATE, *, security: bool = True) -> World:
        return cls(bootstrapped(deployed(aws, template)), security=security)

    def likeness(self, account: str, name: str) -> dict[str, Any]:
        """Everything a baseline is about, as it would be in any account."""
        return {
            key: json.loads(
                json.dumps(value, default=str).replace(account, "<account>").replace(name, "<name>")
            )
            for key, value in portrait(self.cloud, account).items()
        }

    def standing(self, account: str, email: str) -> list[str]:
        """What is wrong with what Organizations and the ledger say of an account that is ready."""
        cloud, wrong = self.cloud, []
        tags = cloud.tags_of(account)
        if tags.get("groundwork:state") != "ready":
            wrong.append(f"tags {tags}")
        item = {
            key: next(iter(value.values())) for key, value in cloud.ledger_item(f"account#{account}").items()
        }
        if item.get("state") != "ready":
            wrong.append(f"the ledger says {item.get('state')}")
        if "leaseOwner" in item:
            wrong.append(f"its lease is held by {item['leaseOwner']}")
        request = cloud.ledger_item(f"request#{email}")
        if request and request["state"]["S"] != "ready":
            wrong.append(f"its request is {request['state']['S']}")
        return wrong

    def differences(self, found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
        return [
            f"{key}: {found.get(key)} instead of {wanted.get(key)}"
            for key in sorted(found.keys() | wanted.keys())
            if found.get(key) != wanted.get(key)
        ]
