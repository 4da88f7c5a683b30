"""Organization conformance packs in the embedded AWS: whose they are, where they get to, and where moto does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto

SETUP = "config-multiaccountsetup.amazonaws.com"
CONFORMS = "AWSServiceRoleForConfigConforms"
RULE = {
    "Type": "AWS::Config::ConfigRule",
    "Properties": {
        "ConfigRuleName": "root-mfa",
        "Source": {"Owner": "AWS", "SourceIdentifier": "ROOT_ACCOUNT_MFA_ENABLED"},
    },
}
TEMPLATE = {"Parameters": {"Age": {"Type": "String"}}, "Resources": {"RootMfa": RULE}}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        running.client("organizations").enable_aws_service_access(ServicePrincipal=SETUP)
        yield running


def client(engine: Engine, account: str) -> Any:
    return engine.client("config", credentials=administrator(account))


def record(engine: Engine, account: str) -> None:
    credentials = administrator(account)
    iam, config = (
        engine.client("iam", credentials=credentials),
        engine.client("config", credentials=credentials),
    )
    role = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["Arn"]
    config.put_configuration_recorder(ConfigurationRecorder={"name": "r", "roleARN": role})


@pytest.fixture
def delegated(engine: Engine) -> Iterator[tuple[str, Any]]:
    """A delegated administrator of conformance packs, and its client."""
    account, organizations = new_member(engine), engine.client("organizations")
    given = {"AccountId": account, "ServicePrincipal": SETUP}
    organizations.register_delegated_administrator(**given)
    record(engine, account)
    config = client(engine, account)
    yield account, config
    organizations.deregister_delegated_administrator(**given)


def pack(name: str = "baseline", **more: Any) -> dict[str, Any]:
    parameters = [{"ParameterName": "Age", "ParameterValue": "90"}]
    given = {"TemplateBody": json.dumps(TEMPLATE), "ConformancePackInputParameters": parameters}
    return {"OrganizationConformancePackName": name, **given, **more}


def in_accounts(config: Any, name: str = "baseline", **filters: str) -> dict[str, str]:
    given = {"OrganizationConformancePackName": name, "Filters": filters}
    found = config.get_organization_conformance_pack_detailed_status(**given)
    return {
        each["AccountId"]: each["Status"] for each in found["OrganizationConformancePackDetailedStatuses"]
    }


def status(config: Any, name: str = "baseline") -> str:
    given = {"OrganizationConformancePackNames": [name]}
    (found,) = config.describe_organization_conformance_pack_statuses(**given)[
        "OrganizationConformancePackStatuses"
    ]
    return str(found["Status"])


def test_only_who_administers_it_has_organization_conformance_packs(engine: Engine) -> None:
    config = client(engine, new_member(engine))
    for call, given in (
        (config.put_organization_conformance_pack, pack()),
        (config.describe_organization_conformance_packs, {}),
        (config.describe_organization_conformance_pack_statuses, {}),
        (config.delete_organization_conformance_pack, {"OrganizationConformancePackName": "baseline"}),
    ):
        assert code_of(call, **given) == "OrganizationAccessDeniedException"


def test_a_pack_gets_to_every_account_that_records_and_is_not_excluded(
    engine: Engine, delegated: tuple[str, Any]
) -> None:
    account, config = delegated
    recording, excluded, silent = (new_member(engine) for _ in range(3))
    record(engine, recording)
    config.put_organization_conformance_pack(**pack(ExcludedAccounts=[excluded]))
    found = in_accounts(config)
    assert (found[account], found[recording], found[silent]) == (
        "CREATE_SUCCESSFUL",
        "CREATE_SUCCESSFUL",
        "CREATE_FAILED",
    )
    assert excluded not in found
    assert in_accounts(config, AccountId=silent) == {silent: "CREATE_FAILED"}
    assert silent in in_accounts(config, Status="CREATE_FAILED")
    assert status(config) == "CREATE_FAILED"
    iam = engine.client("iam", credentials=administrator(recording))
    assert (
        iam.get_role(RoleName=CONFORMS)["Role"]["Path"] == "/aws-service-role/config-conforms.amazonaws.com/"
    )
    (here,) = client(engine, recording).describe_conformance_pack_status()["ConformancePackStatusDetails"]
    assert here["ConformancePackName"].startswith("OrgConformsPack-baseline-")
    assert here["ConformancePackState"] == "CREATE_COMPLETE"
    record(engine, silent)
    assert in_accounts(config)[silent] == "CREATE_FAILED"
    config.put_organization_conformance_pack(**pack())
    found = in_accounts(config)
    assert (found[recording], found[silent]) == ("UPDATE_SUCCESSFUL", "CREATE_SUCCESSFUL")
    assert status(config) == "UPDATE_FAILED"  # in the management account and in others, which record nothing
    config.delete_organization_conformance_pack(OrganizationConformancePackName="baseline")
    assert config.describe_organization_conformance_packs()["OrganizationConformancePacks"] == []
    assert client(engine, recording).describe_conformance_pack_status()["ConformancePackStatusDetails"] == []


def test_a_new_account_gets_it_by_itself_once_it_records(engine: Engine, delegated: tuple[str, Any]) -> None:
    _, config = delegated
    config.put_organization_conformance_pack(**pack())
    new = new_member(engine)
    assert in_accounts(config)[new] == "CREATE_IN_PROGRESS"
    assert status(config) == "UPDATE_IN_PROGRESS"
    assert code_of(config.put_organization_conformance_pack, **pack()) == "ResourceInUseException"
    record(engine, new)
    assert in_accounts(config)[new] == "CREATE_SUCCESSFUL"
    config.delete_organization_conformance_pack(OrganizationConformancePackName="baseline")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t["Resources"].update(B={"Type": "AWS::S3::Bucket"}), "TemplateValidationException"),
        (
            lambda t: t["Resources"].update({f"R{n}": RULE for n in range(130)}),
            "TemplateValidationException",
        ),
        (lambda t: t.pop("Resources"), "TemplateValidationException"),
        (lambda t: t.pop("Parameters"), "TemplateValidationException"),
        (lambda t: t["Parameters"].update(Other={"Type": "String"}), "TemplateValidationException"),
        (lambda t: t.update(Description="x" * 51_200), "ValidationException"),
    ],
    ids=["a bucket", "131 rules", "no resources", "a parameter too many", "a parameter too few", "too long"],
)
def test_a_template_that_aws_would_not_take_is_refused(
    delegated: tuple[str, Any], change: Callable[[dict[str, Any]], object], code: str
) -> None:
    template = json.loads(json.dumps(TEMPLATE))
    change(template)
    given = pack("refused", TemplateBody=json.dumps(template))
    assert code_of(delegated[1].put_organization_conformance_pack, **given).endswith(code)


def test_the_organization_has_fifty_of_an_administrator(delegated: tuple[str, Any]) -> None:
    _, config = delegated
    for number in range(50):
        config.put_organization_conformance_pack(**pack(f"pack-{number}"))
    refusal = code_of(config.put_organization_conformance_pack, **pack("one-more"))
    assert refusal == "MaxNumberOfOrganizationConformancePacksExceededException"


def test_the_management_account_turns_trust_on_by_its_first_pack(engine: Engine) -> None:
    organizations = engine.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal=SETUP)
    management = engine.client("config")
    management.put_organization_conformance_pack(**pack())
    trusted = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert SETUP in {each["ServicePrincipal"] for each in trusted}
    (found,) = management.describe_organization_conformance_packs()["OrganizationConformancePacks"]
    assert found["ConformancePackInputParameters"] == [{"ParameterName": "Age", "ParameterValue": "90"}]
    management.delete_organization_conformance_pack(OrganizationConformancePackName="baseline")


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        c = client("config")
        c.put_organization_conformance_pack(OrganizationConformancePackName="p", TemplateS3Uri="s3://nobody/none",
            DeliveryS3Bucket="awsconfigconforms-none")
        (found,) = c.get_organization_conformance_pack_detailed_status(OrganizationConformancePackName="p")[
            "OrganizationConformancePackDetailedStatuses"]
        print(found["Status"])
    """)
    assert observed == "CREATE_SUCCESSFUL"
