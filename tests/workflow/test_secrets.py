"""No credential stays behind: not in an execution's history, a line of a log, an item of a table or an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.queues import listen
from tests.workflow.conftest import Cloud, until
from tests.workflow.people import join, with_device

SUSPICIOUS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"
    r"|(?:secret_?access_?key|session_?token|(?<!reset)password)[\"'\\]*\s*[:=]\s*[\"'\\]*[\w+/=-]{8,}",
    re.IGNORECASE,
)
"""What looks like a credential, whoever issued it. A password policy is none."""


@dataclass
class Ear:
    """A queue that hears every event of the management account, and what it has heard."""

    cloud: Cloud
    url: str
    heard: list[tuple[str, str]] = field(default_factory=list)

    def events(self) -> list[tuple[str, str]]:
        sqs = self.cloud.aws.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.heard.append(("an event", message["Body"]))
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.heard


@pytest.fixture(scope="module")
def ear(cloud: Cloud) -> Ear:
    everything = {"account": [cloud.aws.management_account]}
    return Ear(cloud, listen(cloud.aws, "every-event", everything))


def histories(cloud: Cloud) -> Iterator[tuple[str, str]]:
    sfn = cloud.aws.client("stepfunctions")
    for execution in cloud.executions():
        described = sfn.describe_execution(executionArn=execution)
        yield execution, json.dumps(described, default=str)
        for page in sfn.get_paginator("get_execution_history").paginate(
            executionArn=execution, includeExecutionData=True
        ):
            yield execution, json.dumps(page["events"], default=str)


def log_lines(cloud: Cloud) -> Iterator[tuple[str, str]]:
    logs = cloud.aws.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    for group in groups:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                yield f"{group} {event['logStreamName']}", event["message"]


def items(cloud: Cloud) -> Iterator[tuple[str, str]]:
    dynamodb = cloud.aws.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield from ((table, json.dumps(item)) for item in page["Items"])


RUN = re.compile(r"[A-Za-z0-9]{8,}")
ESCAPED = re.compile(r"\\+[nrt]")
OF_A_LEAVER = re.compile(r"(?:has the access key |DeleteAccessKey.{0,200}?AccessKeyId\W+)AKIA[A-Z2-7]{16}\b")
"""The id of a key that is to be deleted: which, a plan must say. It is no secret, and opens nothing by then."""


def fingerprint(credential: str) -> str:
    """The longest run of letters and digits: whatever stands around a credential, and however it is escaped, this
    run stays whole. Of a credential that by chance has none, all of it."""
    return max(RUN.findall(credential), key=len, default=credential)


def leaks(cloud: Cloud, places: Iterable[tuple[str, str]]) -> list[str]:
    """Every credential of this AWS, or what looks like one, and where it stands."""
    known = {
        fingerprint(part)
        for credentials in cloud.aws.registry.every_credential()
        for part in (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        if part
    }
    without_run = [each for each in known if not RUN.fullmatch(each)]
    found = []
    for where, text in places:
        plain = ESCAPED.sub(" ", text)
        found += [f"{where}: {match[0][:40]}" for match in SUSPICIOUS.finditer(OF_A_LEAVER.sub("", plain))]
        found += [f"{where}: {run}" for run in known.intersection(RUN.findall(plain))]
        found += [f"{where}: {each}" for each in without_run if each in plain]
    return found


def everything(cloud: Cloud, ear: Ear) -> dict[str, list[tuple[str, str]]]:
    """All that is kept, by kind: where it stands, and its text."""
    return {
        "histories": list(histories(cloud)),
        "log lines": list(log_lines(cloud)),
        "items": list(items(cloud)),
        "events": ear.events(),
    }


@pytest.fixture(scope="module")
def unspoilt(cloud: Cloud, ear: Ear) -> dict[str, list[tuple[str, str]]]:
    """What is kept after vends that went well and vends that failed, each in another way."""
    security = cloud.declared("security")
    name, email = cloud.fresh()
    good = cloud.ask(accountName=name, email=email)
    assert good.status == "SUCCEEDED", str(good)
    user = f"user-of-{name}"
    with_device(cloud, join(cloud, security, user, "ro-external-accounts"), user)

    cloud.aws.creation.failures.append("INVALID_EMAIL")
    failed = cloud.ask(accountName=f"{name}-failed", email=f"failed-{email}")
    malformed = cloud.ask(accountName="x" * 51, email=email)
    unknown = cloud.start(accountId="210987654321")
    stopped = cloud.execution_of(cloud.post(accountName=f"{name}-stopped", email=f"stopped-{email}"))
    until(lambda: cloud.accounts().get(f"stopped-{email}"), "the account whose execution is stopped")
    cloud.aws.client("stepfunctions").stop_execution(executionArn=stopped)
    assert {each.status for each in (failed, malformed, unknown)} == {"FAILED"}
    cloud.answer("Account Failed", execution=stopped)
    cloud.all_ended()
    kept, account = everything(cloud, ear), str(cloud.accounts()[email]["Id"])
    for kind, places in kept.items():
        assert any(account in text for _, text in places), (
            f"{kind}: nothing of the account {name} was looked at"
        )
    return kept


@pytest.mark.parametrize("kind", ["histories", "log lines", "items", "events"])
def test_nothing_holds_a_credential(
    cloud: Cloud, unspoilt: dict[str, list[tuple[str, str]]], kind: str
) -> None:
    assert leaks(cloud, unspoilt[kind]) == []


def test_a_planted_credential_is_found_wherever_it_stands(
    cloud: Cloud, ear: Ear, unspoilt: dict[str, list[tuple[str, str]]]
) -> None:
    """The search itself, shown to be able to fail."""
    aws, found = cloud.aws, cloud.entry(cloud.declared("security"))
    mark = f"planted-{len(unspoilt['histories'])}"
    plants = {
        "a key id": found.access_key_id,
        "a secret": json.dumps({"note": found.secret_access_key}),
        "a token": f"token={found.session_token}",
        "a key id of somebody else": "AKIAIOSFODNN7EXAMPLE",
        "a password": '{"Password": "correct-horse-battery"}',
        "a token in a second line": f"first line\n{found.session_token}",
        "a secret, deep inside": json.dumps(json.dumps({"x": json.dumps({"y": found.secret_access_key})})),
    }
    for what, text in plants.items():
        key = f"{mark} {what}"
        cloud.ended(cloud.begin(accountId=key, planted=text))
        logs, stream = (
            aws.client("logs"),
            {"logGroupName": f"/{mark}", "logStreamName": what.replace(" ", "-")},
        )
        if f"/{mark}" not in {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}:
            logs.create_log_group(logGroupName=f"/{mark}")
        logs.create_log_stream(**stream)
        line = {"timestamp": int(aws.calls[-1].time * 1000), "message": f"{key} {text}"}
        logs.put_log_events(**stream, logEvents=[line])
        item = {"pk": {"S": key}, "planted": {"S": text}}
        aws.client("dynamodb").put_item(TableName=cloud.outputs["LedgerTable"], Item=item)
        detail = json.dumps({"key": key, "planted": text})
        entry = {"Source": "test", "DetailType": "Planted", "Detail": detail}
        aws.client("events").put_events(Entries=[entry])

        def heard(key: str = key) -> bool:
            return any('"Planted"' in body and key in body for _, body in ear.events())

        until(heard, f"the event {key}")
    for kind, places in everything(cloud, ear).items():
        for what in plants:
            here = [each for each in places if f"{mark} {what}" in each[1]]
            assert leaks(cloud, here), f"{what} among the {kind} was not seen"
