"""Adapter: EventBridge. moto keeps buses and rules; events are accepted, matched (`patterns`) and delivered here.

Follows PutEvents and PutTargets in the EventBridge API reference, and "Event retry policy and using
dead-letter queues" in the user guide.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern, EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler

from local.events.delivery import DELIVERED_SERVICES, Delivery
from local.events.patterns import InvalidPattern, Pattern
from local.events.schedules import InvalidSchedule, next_time
from local.events.timetable import Entry, Timetable
from local.json_texts import DEEPEST, depth_of, strict_json

if TYPE_CHECKING:
    from local.engine import Engine

Event = dict[str, Any]
MAXIMUM_ENTRIES = 10
REORDER_SECONDS = 60.0
"""AWS seconds after which a held event comes even if nothing came after it."""
MAXIMUM_BYTES = 256 * 1024
# Targets that EventBridge can only reach as a role; the others are reached by their own resource policy.
NEEDS_ROLE = ("states",)
MANDATORY = ("id", "account", "source", "time", "region", "resources", "detail-type")
"""Fields of the event that TestEventPattern is given."""
ENABLED = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


class _Refused(Exception):
    """One entry of a PutEvents call that is refused, while the others go through."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.entry = {"ErrorCode": code, "ErrorMessage": message}


class EventBridge:
    """The buses of every account and Region."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.timetable = Timetable(engine)
        self.timetable.sources.append(self._scheduled_rules)
        self.listeners: list[Callable[[str, Event, Sequence[str]], None]] = []
        """Told of each event that came to a bus, and of the rules that match it."""
        self._held: list[tuple[str, Event]] = []
        self._lock = threading.Lock()

    def emit(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        account: str,
        region: str,
        resources: Sequence[str] = (),
    ) -> None:
        """An event from AWS itself, on the default bus of an account."""
        self.publish("default", self._event(source, detail_type, detail, account, region, resources))

    def put_events(self, backend: Any, entries: list[dict[str, Any]]) -> list[dict[str, str]]:
        """PutEvents: an id, or an error, for each entry."""
        if len(entries) > MAXIMUM_ENTRIES:
            raise JsonRESTError(
                "ValidationException", f"entries: must have length less than or equal to {MAXIMUM_ENTRIES}"
            )
        if sum(map(_size, entries)) >= MAXIMUM_BYTES:
            raise JsonRESTError(
                "ValidationException", "Total size of the entries in the request is over the limit."
            )
        results: list[dict[str, str]] = []
        for entry in entries:
            try:
                bus, event = self._accepted(backend, entry)
            except _Refused as refused:
                results.append(refused.entry)
                continue
            self.publish(bus, event)
            results.append({"EventId": event["id"]})
        return results

    def publish(self, bus: str, event: Event) -> None:
        """Deliver an event to the targets of each rule of a bus that matches it; as a fault plan wants it, where one
        does."""
        fault = self.engine.faults.of_event(event)
        effect = fault.effect if fault else None
        if effect == "drop":
            return
        if effect == "reorder":
            with self._lock:
                self._held.append((bus, event))
            self._later(REORDER_SECONDS, self._let_go)
            return
        if effect == "delay":
            self._later(fault.seconds, self._match, bus, event)
            return
        self._match(bus, event)
        if effect == "duplicate":
            self._match(bus, event)
        self._let_go()

    def _let_go(self) -> None:
        """What was held back comes after what came after it."""
        with self._lock:
            held, self._held = self._held, []
        for bus, event in held:
            self._match(bus, event)

    def _later(self, aws_seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        timer = threading.Timer(self.engine.clock.seconds(aws_seconds), action, arguments)
        timer.daemon = True
        self.engine.on_close(timer.cancel)
        timer.start()

    def _match(self, bus: str, event: Event) -> None:
        """To the targets of each rule that matches, in the background."""
        rules = list(events_backends[event["account"]][event["region"]].event_buses[bus].rules.values())
        matching = [rule for rule in rules if _matches(rule, event)]
        for hear in self.listeners:
            hear(bus, event, [rule.name for rule in matching])
        for rule in matching:
            self.deliver(rule, event)

    def deliver(self, rule: Any, event: Event) -> None:
        for target in list(rule.targets):
            self.engine.in_background(Delivery(self.engine, rule, dict(target), event).attempt)

    def _accepted(self, backend: Any, entry: Mapping[str, Any]) -> tuple[str, Event]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                raise _Refused("InvalidArgument", reason)
        if entry["Source"].startswith("aws."):
            raise _Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
        try:
            detail = strict_json(entry["Detail"])
        except (ValueError, RecursionError) as error:
            raise _Refused("MalformedDetail", "Detail is malformed.") from error
        if not isinstance(detail, dict) or depth_of(detail) > DEEPEST:
            raise _Refused("MalformedDetail", "Detail is malformed.")
        bus = backend.describe_event_bus(entry.get("EventBusName") or "default")
        event = self._event(
            entry["Source"],
            entry["DetailType"],
            detail,
            bus.account_id,
            bus.region,
            entry.get("Resources") or [],
            entry.get("Time"),
        )
        return bus.name, event

    def _event(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        account: str,
        region: str,
        resources: Sequence[str],
        moment: float | None = None,
    ) -> Event:
        when = datetime.now(UTC) if moment is None else datetime.fromtimestamp(float(moment), UTC)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": list(resources),
            "detail": dict(detail),
        }

    def _scheduled_rules(self) -> Iterator[Entry]:
        for account, regions in list(events_backends.items()):
            for region, backend in list(regions.items()):
                for rule in list(backend.event_buses["default"].rules.values()):
                    if rule.scheduled_expression and rule.state in ENABLED:
                        yield self._entry(rule, account, region)

    def _entry(self, rule: Any, account: str, region: str) -> Entry:
        def fire(due: datetime) -> None:
            event = self._event(
                "aws.events", "Scheduled Event", {}, account, region, [rule.arn], due.timestamp()
            )
            self.deliver(rule, event)

        return Entry(rule.arn, rule.scheduled_expression, fire)


def _size(entry: Mapping[str, Any]) -> int:
    """As "Calculating PutEvents event entry size" in the user guide."""
    texts = [
        entry.get("Source"),
        entry.get("DetailType"),
        entry.get("Detail"),
        *(entry.get("Resources") or []),
    ]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text)
    return size + (14 if entry.get("Time") is not None else 0)


def install(engine: Engine) -> None:
    bus = engine.bus = EventBridge(engine)
    engine.on_close(bus.timetable.close)

    def put_events(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, str]]:
        return bus.put_events(backend, events)

    engine.patch(EventsBackend, "put_events", put_events)
    engine.patch(Rule, "send_to_targets", lambda rule, event, transform=True: _send(bus, rule, event))

    put_targets = EventsBackend.put_targets

    def put_checked_targets(
        backend: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            _check_target(target)
        put_targets(backend, name, event_bus_arn, targets)

    put_rule = EventsBackend.put_rule

    def put_checked_rule(backend: Any, name: str, *rest: Any, **named: Any) -> Any:
        if named.get("scheduled_expression"):
            try:
                next_time(named["scheduled_expression"], datetime.now(UTC))
            except InvalidSchedule as error:
                message = f"Parameter ScheduleExpression is not valid. {error}"
                raise JsonRESTError("ValidationException", message) from error
        return put_rule(backend, name, *rest, **named)

    engine.patch(EventPattern, "load", classmethod(_read_pattern))
    engine.patch(EventPattern, "matches_event", lambda pattern, event: pattern.asked.matches(event))
    engine.patch(EventsHandler, "test_event_pattern", _test_event_pattern)
    engine.patch(EventsBackend, "put_targets", put_checked_targets)
    engine.patch(EventsBackend, "put_rule", put_checked_rule)


def _pattern(text: str) -> Pattern:
    try:
        return Pattern(text)
    except InvalidPattern as invalid:
        raise InvalidEventPatternException(str(invalid)) from invalid


def _read_pattern(cls: type[EventPattern], text: str | None) -> EventPattern:
    asked = _pattern(text) if text else None
    read = cls(text, json.loads(text) if text else {})
    read.asked = asked  # type: ignore[attr-defined]
    return read


def _test_event_pattern(handler: EventsHandler) -> str:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html"""
    pattern = _pattern(handler._get_param("EventPattern"))
    try:
        event = strict_json(handler._get_param("Event"))
    except (ValueError, RecursionError) as error:
        message = "Parameter Event is not valid. Reason: it is no JSON."
        raise JsonRESTError("ValidationException", message) from error
    if missing := [name for name in MANDATORY if not isinstance(event, dict) or name not in event]:
        message = f"Parameter Event is not valid. Reason: it lacks {', '.join(missing)}."
        raise JsonRESTError("ValidationException", message)
    return json.dumps({"Result": pattern.matches(event)})


def _matches(rule: Any, event: Event) -> bool:
    """Whether an enabled rule has a pattern, and it matches."""
    pattern = rule.event_pattern
    return bool(rule.state in ENABLED and pattern.dump() and pattern.matches_event(event))


def _send(bus: EventBridge, rule: Any, event: Event) -> None:
    """moto's own events (S3's, for one) come with the time as a number."""
    if _matches(rule, event):
        if isinstance(event.get("time"), int | float):
            moment = datetime.fromtimestamp(event["time"], UTC)
            event = event | {"time": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
        bus.deliver(rule, {key: value for key, value in event.items() if key != "ingestion-time"})


def _check_target(target: Mapping[str, Any]) -> None:
    if target["Arn"].count(":") < 5:
        raise JsonRESTError(
            "ValidationException",
            f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in correct format.",
        )
    service = target["Arn"].split(":")[2]
    if service not in DELIVERED_SERVICES:
        raise JsonRESTError(
            "ValidationException", f"the embedded AWS does not deliver to {service} ({target['Arn']})"
        )
    if service in NEEDS_ROLE and not target.get("RoleArn"):
        raise JsonRESTError("ValidationException", f"RoleArn is required for target {target['Arn']}.")
