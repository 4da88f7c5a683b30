"""StackSets with service-managed permissions of the embedded AWS: by unit, by themselves, one operation after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import eventually, plain_moto, policy

HERE, ABROAD = "us-east-1", "eu-west-1"
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
DELEGATED = {"CallAs": "DELEGATED_ADMIN"}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts", "DisplayName": {"Ref": "Shown"}}}
PARAMETERS = {"Shown": {"Type": "String"}}
AUTOMATIC = {"Enabled": True, "RetainStacksOnAccountRemoval": False}


def body(**resources: Any) -> str:
    return json.dumps({"Parameters": PARAMETERS, "Resources": resources or {"Topic": TOPIC}})


def shown(value: str) -> list[dict[str, str]]:
    return [{"ParameterKey": "Shown", "ParameterValue": value}]


@dataclass
class Organization:
    """Two accounts in a unit, and one that administers StackSets."""

    aws: Engine
    unit: str
    members: list[str]
    administrator: str
    client: Any
    made: int = 0

    @property
    def root(self) -> str:
        return str(self.aws.client("organizations").list_roots()["Roots"][0]["Id"])

    def create(self, template: str | None = None, **more: Any) -> str:
        self.made += 1
        name = f"set-{self.made}"
        asked = {
            "TemplateBody": template or body(),
            "Parameters": shown("one"),
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": AUTOMATIC,
            "ManagedExecution": {"Active": True},
            **more,
        }
        self.client.create_stack_set(StackSetName=name, **asked, **DELEGATED)
        return name

    def put(self, name: str, *regions: str, **more: Any) -> str:
        targets = {"OrganizationalUnitIds": [self.unit]}
        asked = {"DeploymentTargets": targets, "Regions": [*regions] or [HERE, ABROAD], **more}
        return str(self.client.create_stack_instances(StackSetName=name, **asked, **DELEGATED)["OperationId"])

    def update(self, name: str, template: str | None = None, value: str = "one", **more: Any) -> str:
        asked = {"TemplateBody": template or body(), "Parameters": shown(value), **more}
        return str(self.client.update_stack_set(StackSetName=name, **asked, **DELEGATED)["OperationId"])

    def take(self, name: str, *regions: str, retain: bool = False) -> str:
        targets = {"OrganizationalUnitIds": [self.unit]}
        asked = {
            "DeploymentTargets": targets,
            "Regions": [*regions] or [HERE, ABROAD],
            "RetainStacks": retain,
        }
        return str(self.client.delete_stack_instances(StackSetName=name, **asked, **DELEGATED)["OperationId"])

    def ended(self, name: str, operation: str) -> dict[str, Any]:
        def end() -> dict[str, Any] | None:
            found = self.client.describe_stack_set_operation(
                StackSetName=name, OperationId=operation, **DELEGATED
            )["StackSetOperation"]
            return None if found["Status"] in ("QUEUED", "RUNNING") else found

        return eventually(end)

    def results(self, name: str, operation: str) -> dict[tuple[str, str], dict[str, Any]]:
        listed = self.client.list_stack_set_operation_results(
            StackSetName=name, OperationId=operation, **DELEGATED
        )
        return {(each["Account"], each["Region"]): each for each in listed["Summaries"]}

    def instances(self, name: str, **more: Any) -> dict[tuple[str, str], dict[str, Any]]:
        listed = self.client.list_stack_instances(StackSetName=name, **more, **DELEGATED)["Summaries"]
        return {(each["Account"], each["Region"]): each for each in listed}

    def topics(self, account: str, region: str = HERE) -> dict[str, str]:
        sns = self.aws.client("sns", region=region, credentials=administrator(account))
        arns = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
        return {
            arn.rpartition(":")[2]: sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
            for arn in arns
        }

    def move(self, account: str, source: str, destination: str) -> None:
        self.aws.client("organizations").move_account(
            AccountId=account, SourceParentId=source, DestinationParentId=destination
        )


@pytest.fixture(scope="module")
def organization() -> Iterator[Organization]:
    with Engine(time_scale=0.01) as aws:
        members = [new_member(aws), new_member(aws)]
        chief, organizations = new_member(aws), aws.client("organizations")
        root = organizations.list_roots()["Roots"][0]["Id"]
        unit = organizations.create_organizational_unit(ParentId=root, Name="Workloads")[
            "OrganizationalUnit"
        ]["Id"]
        below = organizations.create_organizational_unit(ParentId=unit, Name="Dev")["OrganizationalUnit"][
            "Id"
        ]
        client = aws.client("cloudformation", credentials=administrator(chief))
        assert code_of(client.list_stack_sets, **DELEGATED) == "ValidationError"
        aws.client("cloudformation").activate_organizations_access()
        assert code_of(client.list_stack_sets, **DELEGATED) == "ValidationError"
        organizations.register_delegated_administrator(AccountId=chief, ServicePrincipal=PRINCIPAL)
        made = Organization(aws, unit, members, chief, client)
        made.move(members[0], root, unit)
        made.move(members[1], root, below)
        yield made
        assert aws.failures == []


def test_trusted_access_is_activated_by_the_management_account(organization: Organization) -> None:
    aws = organization.aws
    assert aws.client("cloudformation").describe_organizations_access()["Status"] == "ENABLED"
    assert code_of(organization.client.activate_organizations_access) == "InvalidOperationException"
    services = aws.client("organizations").list_aws_service_access_for_organization()
    assert PRINCIPAL in {each["ServicePrincipal"] for each in services["EnabledServicePrincipals"]}
    paths = {role["Path"] for role in aws.client("iam").list_roles()["Roles"]}
    assert "/aws-service-role/stacksets.cloudformation.amazonaws.com/" in paths


def test_a_member_that_administers_nothing_sees_none(organization: Organization) -> None:
    member = organization.aws.client("cloudformation", credentials=administrator(organization.members[0]))
    for given in (DELEGATED, {"PermissionModel": "SERVICE_MANAGED"}):
        asked = {"StackSetName": "x", "TemplateBody": body(), "AutoDeployment": AUTOMATIC, **given}
        assert code_of(member.create_stack_set, **asked) == "ValidationError"


def test_who_asks_needs_the_permission(organization: Organization) -> None:
    aws = organization.aws
    iam = aws.client("iam", credentials=administrator(organization.administrator))
    iam.create_user(UserName="asks")
    keys = iam.create_access_key(UserName="asks")["AccessKey"]
    asks = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    client, name = aws.client("cloudformation", credentials=asks), organization.create()

    def may(*actions: str) -> None:
        allowed = {"Effect": "Allow", "Action": [*actions], "Resource": "*"}
        iam.put_user_policy(UserName="asks", PolicyName="may", PolicyDocument=policy(allowed))

    assert code_of(client.describe_stack_set, StackSetName=name, **DELEGATED) == "AccessDenied"
    may("cloudformation:DescribeStackSet")
    assert code_of(client.describe_stack_set, StackSetName=name, **DELEGATED) == "AccessDenied"
    may("cloudformation:DescribeStackSet", "organizations:ListDelegatedAdministrators")
    assert client.describe_stack_set(StackSetName=name, **DELEGATED)["StackSet"]["StackSetName"] == name


def test_units_and_those_below_get_it_in_each_region(organization: Organization) -> None:
    name = organization.create()
    operation = organization.put(name, OperationId="made-once")
    assert organization.ended(name, operation)["Status"] == "SUCCEEDED"
    places = {(account, region) for account in organization.members for region in (HERE, ABROAD)}
    made = organization.instances(name)
    assert made.keys() == places
    assert {each["Status"] for each in made.values()} == {"CURRENT"}
    assert organization.put(name, OperationId="made-once") == "made-once"
    assert (
        code_of(
            organization.client.create_stack_instances,
            StackSetName=name,
            DeploymentTargets={"OrganizationalUnitIds": [organization.unit]},
            Regions=[HERE],
            OperationId="made-once",
            **DELEGATED,
        )
        == "OperationIdAlreadyExistsException"
    )
    for account, region in places:
        assert organization.topics(account, region)["alerts"] == "one"
    described = organization.client.describe_stack_set(StackSetName=name, **DELEGATED)["StackSet"]
    assert described["OrganizationalUnitIds"] == [organization.unit]
    assert f":{organization.aws.management_account}:stackset/" in described["StackSetARN"]
    targets = organization.client.list_stack_set_auto_deployment_targets(StackSetName=name, **DELEGATED)
    assert targets["Summaries"] == [{"OrganizationalUnitId": organization.unit, "Regions": [ABROAD, HERE]}]
    role = organization.aws.client("iam", credentials=administrator(organization.members[0]))
    (its,) = [each for each in role.list_roles()["Roles"] if each["RoleName"].startswith("stacksets-exec-")]
    assert role.list_attached_role_policies(RoleName=its["RoleName"])["AttachedPolicies"][0][
        "PolicyName"
    ] == ("AdministratorAccess")
    assert ":role/aws-service-role/stacksets.cloudformation.amazonaws.com/" in str(
        its["AssumeRolePolicyDocument"]
    )
    assert code_of(organization.client.delete_stack_set, StackSetName=name, **DELEGATED) == (
        "StackSetNotEmptyException"
    )
    operation = organization.update(name, value="two")
    assert organization.ended(name, operation)["Status"] == "SUCCEEDED"
    assert organization.topics(organization.members[0])["alerts"] == "two"
    kept = organization.take(name, ABROAD, retain=True)
    organization.ended(name, kept)
    assert "alerts" in organization.topics(organization.members[0], ABROAD)
    organization.ended(name, organization.take(name))
    assert organization.instances(name) == {}
    assert "alerts" not in organization.topics(organization.members[0])
    organization.client.delete_stack_set(StackSetName=name, **DELEGATED)
    assert code_of(organization.client.describe_stack_set, StackSetName=name, **DELEGATED) == (
        "StackSetNotFoundException"
    )


def test_an_account_that_comes_gets_it_and_one_that_leaves_loses_it(organization: Organization) -> None:
    topic = {**TOPIC, "Properties": {"TopicName": "coming"}}
    name = organization.create(body(Topic=topic))
    organization.ended(name, organization.put(name, HERE))
    new = new_member(organization.aws)
    organization.move(new, organization.root, organization.unit)
    eventually(lambda: "coming" in organization.topics(new) or None)
    eventually(lambda: (new, HERE) in organization.instances(name) or None)
    organization.move(new, organization.unit, organization.root)
    eventually(lambda: (new, HERE) not in organization.instances(name) or None)
    assert "coming" not in organization.topics(new)
    operations = organization.client.list_stack_set_operations(StackSetName=name, **DELEGATED)["Summaries"]
    assert [each["Action"] for each in operations] == ["DELETE", "CREATE", "CREATE"]


def taken(organization: Organization, name: str, region: str = HERE) -> Any:
    """A parameter of somebody else's in the first account, whose name a template wants."""
    ssm = organization.aws.client("ssm", region=region, credentials=administrator(organization.members[0]))
    ssm.put_parameter(Name=name, Value="others", Type="String")
    return ssm


def wanting(name: str) -> str:
    return body(
        Parameter={
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": name, "Type": "String", "Value": "x"},
        }
    )


def test_a_failure_is_told_and_stops_the_operation(organization: Organization) -> None:
    first, _ = organization.members
    ssm, name = taken(organization, "/taken", ABROAD), organization.create(wanting("/taken"))
    operation = organization.put(name, OperationPreferences={"RegionOrder": [ABROAD, HERE]})
    assert organization.ended(name, operation)["Status"] == "FAILED"
    results = organization.results(name, operation)
    failed = results.pop((first, ABROAD))
    assert failed["Status"] == "FAILED"
    assert failed["StatusReason"].startswith(
        "ResourceLogicalId:Parameter, ResourceType:AWS::SSM::Parameter, "
    )
    assert {each["Status"] for each in results.values()} == {"CANCELLED"}
    asked = {"StackSetName": name, "OperationId": operation, **DELEGATED}
    filters = [{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
    (only,) = organization.client.list_stack_set_operation_results(**asked, Filters=filters)["Summaries"]
    assert only == failed
    (left,) = organization.instances(name, Filters=[{"Name": "DETAILED_STATUS", "Values": "FAILED"}]).values()
    assert (left["Account"], left["Status"]) == (first, "OUTDATED")
    assert left["StatusReason"] == failed["StatusReason"]
    ssm.delete_parameter(Name="/taken")
    again = organization.update(name, wanting("/taken"))
    assert organization.ended(name, again)["Status"] == "SUCCEEDED"
    assert {each["Status"] for each in organization.instances(name).values()} == {"CURRENT"}


def test_so_many_may_fail(organization: Organization) -> None:
    first, second = organization.members
    taken(organization, "/partly")
    name = organization.create(wanting("/partly"))
    most = {"FailureTolerancePercentage": 50, "MaxConcurrentPercentage": 100}
    operation = organization.put(name, HERE, OperationPreferences=most)
    assert organization.ended(name, operation)["Status"] == "SUCCEEDED"
    assert {place: each["Status"] for place, each in organization.results(name, operation).items()} == {
        (first, HERE): "FAILED",
        (second, HERE): "SUCCEEDED",
    }
    both = {"FailureToleranceCount": 1, "FailureTolerancePercentage": 1}
    for wrong in (both, {"MaxConcurrentCount": 3}):
        targets = {"OrganizationalUnitIds": [organization.unit]}
        asked = {"StackSetName": name, "DeploymentTargets": targets, "Regions": [HERE]}
        ask = organization.client.create_stack_instances
        assert code_of(ask, **asked, OperationPreferences=wrong, **DELEGATED) == "ValidationError"


def test_one_operation_at_a_time_without_managed_execution(organization: Organization) -> None:
    topic = {**TOPIC, "Properties": {"TopicName": "slow"}}
    name = organization.create(body(Topic=topic), ManagedExecution={"Active": False})
    aws = organization.aws
    new = new_member(aws)
    aws.young_accounts.not_ready_until[new] = float("inf")  # AWS waits for it
    organization.move(new, organization.root, organization.unit)
    operation = organization.put(name, HERE)
    for ask in (organization.put, organization.take, organization.update):
        with pytest.raises(organization.client.exceptions.OperationInProgressException):
            ask(name)
    aws.young_accounts.not_ready_until[new] = 0
    assert organization.ended(name, operation)["Status"] == "SUCCEEDED"
    organization.ended(name, organization.update(name, body(Topic=topic)))


def test_the_management_account_has_it_too_and_never_gets_one(organization: Organization) -> None:
    aws = organization.aws
    topic = {**TOPIC, "Properties": {"TopicName": "everywhere"}}
    name = organization.create(body(Topic=topic))
    management = aws.client("cloudformation")
    assert name in {each["StackSetName"] for each in management.list_stack_sets()["Summaries"]}
    operation = management.create_stack_instances(
        StackSetName=name,
        DeploymentTargets={"OrganizationalUnitIds": [organization.root]},
        Regions=[HERE],
    )["OperationId"]
    assert organization.ended(name, operation)["Status"] == "SUCCEEDED"
    accounts = {account for account, _ in organization.instances(name)}
    assert organization.administrator in accounts
    assert aws.management_account not in accounts


def test_plain_moto_lets_in_whoever_asks_and_deploys_to_no_unit() -> None:
    told = plain_moto(
        """
        import boto3
        from moto import mock_aws
        with mock_aws():
            client = boto3.client("cloudformation", "us-east-1")
            asked = {"StackSetName": "x", "TemplateBody": "{}", "PermissionModel": "SERVICE_MANAGED"}
            client.create_stack_set(**asked, CallAs="DELEGATED_ADMIN")
            unit = {"OrganizationalUnitIds": ["ou-ab12-12345678"]}
            client.create_stack_instances(StackSetName="x", DeploymentTargets=unit, Regions=["us-east-1"])
            print(client.list_stack_instances(StackSetName="x")["Summaries"])
        """
    )
    assert told.strip() == "[]"
