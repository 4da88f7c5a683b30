"""One line of what was looked at, and how a check becomes lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from cli.trouble import DENIED
from groundwork.contracts import Model

if TYPE_CHECKING:
    from cli.connection import Connection

Verdict = Literal["good", "warning", "bad", "unknown"]


class Line(Model):
    """`check` is what was looked at, `found` what there is, `remedy` what to do unless all is good. `unknown`: these
    credentials may not look."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


def good(check: str, found: str) -> Line:
    return Line(check=check, verdict="good", found=found)


def warning(check: str, found: str, remedy: str) -> Line:
    return Line(check=check, verdict="warning", found=found, remedy=remedy)


def bad(check: str, found: str, remedy: str) -> Line:
    return Line(check=check, verdict="bad", found=found, remedy=remedy)


class Patient:
    """Whom the checks look at: the clients, and what has been asked already. `components` are those that the declaration
    names."""

    def __init__(self, aws: Connection, components: Collection[str]) -> None:
        self.aws, self.components = aws, components
        self._asked: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def once(self, name: str, ask: Callable[[], Any]) -> Any:
        """An answer that several checks use. An error is asked for again."""
        if name not in self._asked:
            self._asked[name] = ask()
        return self._asked[name]

    @property
    def organization(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.once(
            "organization", lambda: self.client("organizations").describe_organization()["Organization"]
        )
        return found

    @property
    def root(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.once(
            "root", lambda: self.client("organizations").list_roots()["Roots"][0]
        )
        return found

    @property
    def stack(self) -> Mapping[str, Any] | None:
        """None where Groundwork is not deployed."""
        found: Mapping[str, Any] | None = self.once("stack", self._stack)
        return found

    def _stack(self) -> Mapping[str, Any] | None:
        from cli.connection import STACK

        client = self.client("cloudformation")
        try:
            (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: Mapping[str, Any] = stack
        return found

    @property
    def outputs(self) -> Mapping[str, str]:
        given = self.stack["Outputs"] if self.stack else ()
        return {each["OutputKey"]: each["OutputValue"] for each in given}

    @property
    def parameters(self) -> Mapping[str, str]:
        given = self.stack["Parameters"] if self.stack else ()
        return {each["ParameterKey"]: each["ParameterValue"] for each in given}


Check = Callable[[Patient], Iterable[Line]]


def looked(patient: Patient, check: Check, what: str) -> Iterator[Line]:
    """The lines of a check; one where AWS refuses, and the rest goes on."""
    try:
        yield from check(patient)
    except ClientError as error:
        code, operation = error.response["Error"]["Code"], error.operation_name
        if code in DENIED:
            remedy = "Use credentials that carry the managed policy groundwork-operator."
            yield Line(check=what, verdict="unknown", found=f"{operation} is not permitted", remedy=remedy)
        else:
            told = error.response["Error"].get("Message", "").rstrip(".")
            yield Line(
                check=what, verdict="unknown", found=f"{operation}: {code}: {told}", remedy="Look again."
            )
    except BotoCoreError as error:
        yield Line(check=what, verdict="unknown", found=f"{error}", remedy="Look again.")
