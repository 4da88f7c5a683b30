"""The engine itself: boots clean, knows its callers, takes every patch back."""

from __future__ import annotations

import subprocess
import sys

import pytest
from moto.awslambda.models import LambdaFunction
from moto.events.models import EventsBackend

from local.engine import Engine, EngineAlreadyRunning
from tests.engine.support import eventually


def test_it_boots_an_organization_for_an_administrator() -> None:
    with Engine() as aws:
        who = aws.client("sts").get_caller_identity()
        assert who["Arn"] == f"arn:aws:iam::{aws.management_account}:user/administrator"
        organization = aws.client("organizations").describe_organization()["Organization"]
        assert organization["FeatureSet"] == "ALL"
        assert organization["MasterAccountId"] == aws.management_account


def test_an_account_id_in_front_of_the_host_needs_no_resolver() -> None:
    with Engine(organization=None) as aws:
        block = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        account = aws.management_account
        control = aws.client("s3control")
        control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=block)
        found = control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]
        assert found == block


def test_one_engine_at_a_time_and_each_starts_clean() -> None:
    with Engine(organization=None) as aws:
        aws.client("sqs").create_queue(QueueName="left-over")
        with pytest.raises(EngineAlreadyRunning):
            Engine()
        assert aws.client("sqs").list_queues()["QueueUrls"]
    with Engine(organization=None) as aws:
        assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_what_is_only_data_here_is_not_imported() -> None:
    """cfn-lint brings its schemas of resources, and would bring sympy and networkx."""
    program = """
import sys
from local.engine import Engine
import local.stack.cloudformation
with Engine(organization=None):
    print(sorted({"cfnlint", "sympy", "networkx"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]


def test_closing_takes_every_patch_back() -> None:
    before = LambdaFunction.invoke, EventsBackend.put_events
    with Engine(organization=None):
        assert LambdaFunction.invoke is not before[0]
    assert (LambdaFunction.invoke, EventsBackend.put_events) == before


def test_what_fails_in_the_background_is_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with Engine(organization=None) as aws:
        aws.in_background(int, "no number")
        eventually(lambda: aws.failures)
        assert [type(each) for each in aws.failures] == [ValueError]
        told = eventually(lambda: [(each.exc_info, each.message) for each in caplog.records])
    assert [(trace, text[:30]) for trace, text in told] == [(None, "The embedded AWS failed: Value")]


@pytest.mark.parametrize("scale", [0, -1, 2])
def test_a_scale_that_makes_no_sense_is_refused_and_leaves_no_engine(scale: float) -> None:
    with pytest.raises(ValueError, match="time scale"):
        Engine(time_scale=scale)
    with Engine(organization=None):
        pass
