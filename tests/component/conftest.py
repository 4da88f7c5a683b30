"""An organization of the embedded AWS for a component's tests, IAM enforced.

A component works as it does in production: from a role of the management account, through the account's entry
role, held by a session policy to the permissions that it declares. Looking and sabotaging is done by `world.client`,
an administrator's way in that no test of permissions depends on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from groundwork import build_models
from groundwork.aws import clients, sessions
from groundwork.aws.clients import Clients
from groundwork.baseline import loop
from groundwork.baseline.component import Component, Installation, Target
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account, Change, Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.fields import ancestors
from groundwork.policies.decision import Decision
from groundwork.policies.documents import Request
from local.authorization.authorizer import Authorizer
from local.calls import CallRecord
from local.engine import Engine
from local.identity.credentials import Credentials
from local.identity.principals import Principal
from tests.engine.support import eventually

ENTRY_ROLE = "OrganizationAccountAccessRole"
WORKER = "groundwork-worker"
FROM_MANAGEMENT = ("delegation",)
"""Components of another account that work with the management account's own credentials."""
BY_OTHER_ROLES = (*FROM_MANAGEMENT, "log-archive")
"""Components that are not applied by the entry role."""
OF_A_PLAN = ("CreateChangeSet", "DeleteChangeSet")
"""All that a plan writes, as decision 0036 has it."""
OF_ALL_REGIONS = ("account", "budgets", "iam", "organizations")
"""Services whose calls need not say a Region: any other's would be made in that of the stack."""
FUNCTION_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass
class World:
    """The organization, its security and tooling account, and the ways to work in them."""

    aws: Engine
    environment: pytest.MonkeyPatch
    organization: Organization
    declaration: Declaration = field(default_factory=load)
    members: dict[str, Account] = field(default_factory=dict)
    allowed: list[tuple[int, str, str]] = field(default_factory=list, repr=False)
    """The length of the call log, the principal and the action, each time that IAM said yes: also to what a call
    demands besides its own action, as iam:PassRole."""
    _made: int = 0
    _inside: dict[str, Credentials] = field(default_factory=dict)
    _entered: dict[tuple[str, str], Clients] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def remembering(
            authorizer: Authorizer, principal: Principal, *asked: Any
        ) -> tuple[Decision, Request]:
            decision: Decision
            decision, request = decide(authorizer, principal, *asked)
            if decision.allowed:
                self.allowed.append((len(self.aws.calls), principal.arn, request.action))
            return decision, request

        decide = self.aws.patch(Authorizer, "_decide", remembering)

    # Accounts ------------------------------------------------------------------------------------

    @property
    def management(self) -> Account:
        return Account(
            id=self.aws.management_account, name="management", email="aws@example.com", kind="management"
        )

    @property
    def security(self) -> Account:
        return self.members["security"]

    @property
    def tooling(self) -> Account:
        return self.members["tooling"]

    def account(
        self, kind: Kind = "workload", unit: str = "Workloads/Development", name: str | None = None
    ) -> Account:
        """A fresh member account in a unit of the declaration."""
        self._made += 1
        name = name or f"{kind}-{self._made}"
        email = f"aws+{name}-{self._made}@example.com"
        organizations = self.aws.client("organizations")
        request = organizations.create_account(AccountName=name, Email=email)["CreateAccountStatus"]["Id"]

        def account_id() -> str | None:
            status = organizations.describe_create_account_status(CreateAccountRequestId=request)
            created: str | None = status["CreateAccountStatus"].get("AccountId")
            return created

        new = eventually(account_id)
        assert new is not None
        if unit:
            organizations.move_account(
                AccountId=new,
                SourceParentId=self.organization.root_id,
                DestinationParentId=self.organization.units[unit].split("/")[-2],
            )
        return Account(id=new, name=name, email=email, kind=kind, unit=unit, fresh=True)

    # The product's way in ------------------------------------------------------------------------

    def target(
        self,
        component: Component[Any],
        account: Account,
        declaration: Declaration | None = None,
        organization: Organization | None = None,
        *,
        reading: bool = False,
    ) -> Target:
        """The account in work, with clients that may do what the component declares and no more: read and write, or
        only read, as a plan does."""
        needs = component.needs(account, organization or self.organization, declaration or self.declaration)
        permissions = [*needs.reads, *(needs.reads_in_plan if reading else needs.writes)]
        policy = sessions.session_policy(permissions, account.id, self.organization.partition)
        if account.kind == "management" or component.name in FROM_MANAGEMENT:
            clients = self._clients_of(f"groundwork-{component.name}{'-reads' if reading else ''}", policy)
        else:
            if (account.id, policy) not in self._entered:
                self.work_as(WORKER)
                place = self.security if component.by_administrator else account
                self._entered[account.id, policy] = sessions.enter(
                    place, self.organization, [ENTRY_ROLE], permissions, component.name, account
                ).client
            clients = self._entered[account.id, policy]
        return Target(
            account,
            organization or self.organization,
            check(declaration or self.declaration, {component.name: component}),
            clients,
            Installation(archive_writer=f"{self.role_arn(WORKER)}-*", entering=(self.role_arn(WORKER),)),
            foresees=reading,
            entered_by=None if reading or component.name in BY_OTHER_ROLES else ENTRY_ROLE,
        )

    def planned(self, component: Component[Any], account: Account, **given: Any) -> list[Change]:
        """The plan, each difference with the call that would close it. It may only read, and writes nothing."""
        target = self.target(component, account, reading=True, **given)
        mark = len(self.aws.calls)
        changes = loop.plan(component, target)
        written = [call for call in self.calls_since(mark) if call.mutating]
        assert [call for call in written if call.operation not in OF_A_PLAN] == []
        assert [change for change in changes if (change.call is None) != (change.action == "report")] == []
        calls = [change.call for change in changes if change.call]
        assert [call for call in calls if not call.region and call.service not in OF_ALL_REGIONS] == []
        return changes

    def plan(self, component: Component[Any], account: Account, **given: Any) -> list[Change]:
        """The plan in words: as `apply` tells it when it has been done."""
        changes = self.planned(component, account, **given)
        return [change.model_copy(update={"call": None, "breaks": None}) for change in changes]

    def apply(self, component: Component[Any], account: Account, **given: Any) -> list[Change]:
        """What was done; nothing is left to do afterwards, or `ComponentNotSettled` is raised."""
        target = self.target(component, account, **given)
        changes = loop.apply(component, target)
        if any(change.action != "report" for change in changes):
            loop.verify(component, target)
        return changes

    def before(self, account: Account) -> Account:
        """The account as it is after it had another declaration."""
        return account.model_copy(update={"laid_down": ["0123456789ab"]})

    # An administrator's way in -------------------------------------------------------------------

    def client(self, service: str, account: Account, region: str | None = None) -> Any:
        """A client of an administrator inside the account, to look and to sabotage."""
        if account.kind == "management":
            return self.aws.client(service, region=region)
        if account.id not in self._inside:
            session = self.aws.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{account.id}:role/{ENTRY_ROLE}", RoleSessionName="test"
            )["Credentials"]
            self._inside[account.id] = Credentials(
                session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
            )
        return self.aws.client(service, region=region, credentials=self._inside[account.id])

    def calls_since(self, mark: int) -> list[CallRecord]:
        """The call log from `mark` on, a length of `world.aws.calls` taken earlier; entering is left out."""
        return [call for call in self.aws.calls[mark:] if call.service != "sts"]

    def operations_of(self, component: str, mark: int) -> list[str]:
        """What the component's sessions have called since `mark`, in alphabetical order."""
        who = f"groundwork-{component}"
        return sorted(call.operation for call in self.calls_since(mark) if who in str(call.principal_arn))

    # ---------------------------------------------------------------------------------------------

    def work_as(self, role: str) -> Credentials:
        """From here on this process has the credentials of a role of the management account, as a function has."""
        credentials = self.aws.mint(self.role_arn(role), "test", service="lambda.amazonaws.com")
        for name, value in credentials.for_environment().items():
            self.environment.setenv(name, value)
        forget_clients()
        return credentials

    def role_arn(self, role: str) -> str:
        """Of a role of the management account."""
        return f"arn:{self.organization.partition}:iam::{self.aws.management_account}:role/{role}"

    def _clients_of(self, role: str, policy: str) -> Clients:
        self.make_role(role, policy)
        made = self.work_as(role)
        return clients.clients_with(
            {
                "AccessKeyId": made.access_key_id,
                "SecretAccessKey": made.secret_access_key,
                "SessionToken": made.session_token,
            }
        )

    def make_role(self, name: str, policy: str) -> None:
        """A function's role in the management account, with exactly this policy."""
        iam = self.aws.client("iam")
        if name not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(FUNCTION_TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=policy)


def forget_clients() -> None:
    """Who this process is stands in its environment, and is read anew."""
    clients.session.cache_clear()
    clients.own_client.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def shipped_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clients know the operations that ship, and no others."""
    models = tmp_path_factory.mktemp("models")
    build_models.main(Path(build_models.__file__).parent, models)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "MODELS", models)
        yield


@contextmanager
def _bare_world() -> Iterator[World]:
    with Engine(time_scale=0.001) as aws, pytest.MonkeyPatch.context() as environment:
        aws.creation.throttle.enforced = False
        aws.creation.account_limit = 1000
        aws.creation.seconds = aws.creation.entry_delay = aws.creation.service_delay = 0
        for name, value in aws.endpoint_variables().items():
            environment.setenv(name, value)
        environment.setenv("AWS_DEFAULT_REGION", aws.region)
        world = World(aws, environment, _organization(aws, load()))
        entry = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Resource": f"arn:aws:iam::*:role/{ENTRY_ROLE}",
                }
            ],
        }
        world.make_role(WORKER, json.dumps(entry))
        yield world
    forget_clients()


class Shared:
    """The organization that modules share, closed for those that need an engine of their own."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._world: World | None = None

    def world(self) -> World:
        if self._world is None:
            self._world = self._open.enter_context(_bare_world())
        return self._world

    def close(self) -> None:
        self._world = None
        self._open.close()


@pytest.fixture(scope="package")
def shared() -> Iterator[Shared]:
    one = Shared()
    yield one
    one.close()


@pytest.fixture(scope="module")
def alone(shared: Shared) -> None:
    """No engine is open: the module opens its own."""
    shared.close()


@pytest.fixture(scope="module")
def bare_world(alone: None) -> Iterator[World]:
    """An organization of one's own with the declared units and no member account."""
    with _bare_world() as world:
        yield world


@pytest.fixture(scope="module")
def world(shared: Shared) -> World:
    """The shared organization with a security and a tooling account that this module alone knows, not yet
    baselined."""
    return _inhabited(shared.world())


@pytest.fixture(scope="module")
def ready(world: World) -> World:
    """The world with its log archive, and trusted access for CloudTrail."""
    world.apply(LogArchive(), world.security)
    world.aws.client("organizations").enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    return world


@pytest.fixture(scope="module")
def own_world(bare_world: World) -> World:
    """The same in an organization of one's own."""
    return _inhabited(bare_world)


def _inhabited(world: World) -> World:
    security = world.account("security", "Security", "security")
    tooling = world.account("tooling", "Infrastructure", "mgmt")
    world.members.update(security=security, tooling=tooling)
    world.organization = world.organization.model_copy(
        update={"security_account_id": security.id, "tooling_account_id": tooling.id}
    )
    return world


def _organization(aws: Engine, declaration: Declaration) -> Organization:
    """The engine's organization with every declared unit, as the components are told of it."""
    organizations = aws.client("organizations")
    described = organizations.describe_organization()["Organization"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    units: dict[str, str] = {}
    for unit in declaration.organizational_units:
        for path in ancestors(unit):
            if path in units:
                continue
            above, _, name = path.rpartition("/")
            parent = units[above] if above else f"{described['Id']}/{root}/"
            made = organizations.create_organizational_unit(ParentId=parent.split("/")[-2], Name=name)
            units[path] = f"{parent}{made['OrganizationalUnit']['Id']}/"
    return Organization(
        id=described["Id"],
        partition=aws.partition,
        root_id=root,
        management_account_id=aws.management_account,
        units=units,
    )
