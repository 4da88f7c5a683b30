"""`groundwork init --from-organization`, as whoever carries groundwork-operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.declaration.declared import load
from tests.workflow.command_line import shell_of
from tests.workflow.conftest import Cloud
from tests.workflow.people import join


def test_what_is_there_is_proposed_and_why(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cloud.declared("security")
    pinned = cloud.tags_of(cloud.aws.management_account)[
        "groundwork:security"
    ]  # others may be called so, too
    security = next(each for each in cloud.accounts().values() if each["Id"] == pinned)
    key = join(cloud, cloud.aws.management_account, "ingrid")
    cloud.aws.client("iam").attach_user_policy(
        UserName="ingrid", PolicyArn=cloud.outputs["OperatorPolicyArn"]
    )
    shell = shell_of(cloud, key, monkeypatch)
    said = shell("init", str(tmp_path / "own"), "--from-organization", "--yes")
    assert said.code == 0, said
    told = " ".join(said.out.split())
    assert f"security ({security['Id']}) in Security security Groundwork has it so" in told
    assert "management it manages the organization" in told
    assert "units they are there; nothing is moved between them" in told
    declared = load(tmp_path / "own")
    assert (declared.security.name, declared.security.id) == ("security", security["Id"])
    assert declared.security.email == security["Email"]
    assert set(cloud.declaration.organizational_units) <= {
        unit for each in declared.organizational_units for unit in (each, each.rpartition("/")[0])
    }
    assert shell("check", str(tmp_path / "own")).code == 0


def test_whoever_may_not_look_is_told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shell = shell_of(cloud, join(cloud, cloud.aws.management_account, "otto"), monkeypatch)
    said = shell("init", str(tmp_path / "own"), "--from-organization", "--yes")
    assert said.code == 4
    assert "is not permitted" in said.err and "groundwork-operator" in said.err
    assert not (tmp_path / "own").exists()
