"""Groups move to another path."""

from __future__ import annotations

import pytest

from local.engine import Engine
from tests.engine.support import plain_moto


def test_a_group_moves_to_another_path() -> None:
    with Engine(organization=None) as aws:
        iam = aws.client("iam")
        iam.create_group(GroupName="readers")
        iam.update_group(GroupName="readers", NewPath="/people/")
        group = iam.get_group(GroupName="readers")["Group"]
        assert group["Path"] == "/people/"
        assert group["Arn"].endswith(":group/people/readers")
        iam.update_group(GroupName="readers", NewGroupName="writers")
        assert iam.get_group(GroupName="writers")["Group"]["Path"] == "/people/"
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.update_group(GroupName="nobody", NewPath="/people/")


def test_plain_moto_leaves_it_where_it_is() -> None:
    moved = """
        iam = client("iam")
        iam.create_group(GroupName="readers")
        iam.update_group(GroupName="readers", NewPath="/people/")
        print(iam.get_group(GroupName="readers")["Group"]["Path"])
    """
    assert plain_moto(moved) == "/"
