"""Every operation of every service that botocore knows, asked once of the embedded AWS: what comes back is an answer of AWS
in the protocol of the service, which botocore can read, and nothing is printed where people look."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from checks.embedded import is_here, is_known
from local.engine import Engine
from prove.chapter import Chapter, Say
from prove.parameters import Parameters, likely, smallest

CONFIG = Config(
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
    inject_host_prefix=False,
    read_timeout=60,
)
"""Some operations put a name of their own in front of the host, which is none on the loopback."""
TIME_SCALE = 0.02
NOT_EMBEDDED, ANSWERED, REFUSED, FAILED = "not embedded", "answered", "refused", "failed in moto"
WRONG = "wrong"
KNOWN = Path(__file__).with_name("failing_in_moto.txt")
"""The operations, one a line, over which moto fails where it is asked what this chapter asks. Another one is news."""


class Elsewhere(Exception):
    """botocore would ask another address than the engine's."""


@dataclass
class Answers:
    """What came back: how often of which kind, and what was wrong with which operation's."""

    kinds: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    there: set[tuple[str, str]] = field(default_factory=set)
    operations: int = 0
    unasked: list[str] = field(default_factory=list)


def prove(_seed: int, say: Say) -> Chapter:
    chapter = Chapter("An answer of AWS to whatever is asked", "requests")
    services = botocore.session.get_session().get_available_services()
    answers, printed = Answers(), io.StringIO()
    with Engine(time_scale=TIME_SCALE) as aws, redirect_stdout(printed), redirect_stderr(printed):
        for number, service in enumerate(services):
            say(f"{number} of {len(services)} services: {service}")
            ask(aws, service, answers)
        for service, name in sorted(answers.there):
            if is_known(service) and not is_here(aws, service, name):
                answers.wrong[f"{service} {name}"] = (
                    "answers, and docs/embedded-operations.md does not have it"
                )
    chapter.tried = answers.kinds.total()
    known = KNOWN.read_text().splitlines()
    news = {operation: what for operation, what in answers.failed.items() if operation not in known}
    for operation, what in {**answers.wrong, **news}.items():
        chapter.fail(f"{operation}: {what}", "this chapter")
    if "Traceback" in printed.getvalue():
        chapter.fail("a traceback was printed", printed.getvalue()[-2000:])
    chapter.words = [
        f"{answers.operations} operations of {len(services)} services",
        *(f"{count} {kind}" for kind, count in answers.kinds.most_common()),
        f"{len(answers.unasked)} operations go to an address of their own, or need a token",
    ]
    return chapter


def ask(aws: Engine, service: str, answers: Answers, only: Iterable[str] = ()) -> None:
    """Ask the operations of a service, all or those that are named: with the smallest parameters that botocore sends, and,
    where there is something to ask, with likelier ones."""
    client = aws.clients.get(service, aws.region, aws.administrator, CONFIG)
    sent: list[str] = []

    def sending(request: Any, **_: Any) -> None:
        if urlsplit(request.url).netloc.rpartition("@")[2] != urlsplit(aws.url).netloc:
            raise Elsewhere
        sent.append(request.method)

    client.meta.events.register("before-send.*", sending)
    try:
        for name in only or client.meta.service_model.operation_names:
            operation = client.meta.service_model.operation_model(name)
            tries = [smallest(operation), likely(operation)]
            for parameters in tries[: 1 if tries[0] == tries[1] else 2]:
                sent.clear()
                kind, what = _answer(client, name, parameters, sent)
                if not sent:
                    answers.unasked.append(f"{service} {name}")
                    break
                answers.kinds[kind] += 1
                if kind in (WRONG, FAILED):
                    (answers.wrong if kind == WRONG else answers.failed)[f"{service} {name}"] = what
                answers.operations += parameters is tries[0]
                if kind in (ANSWERED, REFUSED):
                    answers.there.add((service, name))
                if kind == NOT_EMBEDDED:  # a first try may have been refused for an ARN that is none
                    answers.there.discard((service, name))
                    break
    finally:
        client.meta.events.unregister("before-send.*", sending)


def _answer(client: Any, operation: str, parameters: Parameters, sent: list[str]) -> tuple[str, str]:
    """Which kind of answer, and what it says."""
    try:
        client._make_api_call(operation, parameters)
    except ClientError as error:
        code, said = str(error.response["Error"].get("Code", "")), str(error)
        if sent == ["HEAD"]:  # which has no body to say more
            return REFUSED, said
        if not code or code.isdigit() or "<html" in said or "(local/" in said:
            return WRONG, said
        if code == "NotImplemented":
            return NOT_EMBEDDED, said
        return FAILED if code in ("InternalFailure", "InternalError") else REFUSED, said
    except Exception as error:  # noqa: BLE001 - whatever botocore makes of an answer that it cannot read
        return WRONG, f"{type(error).__name__}: {error}"
    return ANSWERED, ""
