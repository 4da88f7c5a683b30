"""`rate(...)` and `cron(...)`: when a schedule is due next.

Follows "Setting a schedule pattern for scheduled rules" of the EventBridge User Guide. Times are UTC.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST_YEAR = 2199


class InvalidSchedule(ValueError):
    """No schedule expression, or one with a part (L, W, #) that is not supported here."""


def next_time(expression: str, after: datetime) -> datetime | None:
    """The first time a schedule is due after `after`; None when it never is again."""
    if rate := _RATE.fullmatch(expression):
        count, unit, plural = int(rate[1]), rate[2], bool(rate[3])
        if count < 1 or plural != (count > 1):
            raise InvalidSchedule(f"{expression}: one {unit}, or several {unit}s")
        return after + timedelta(**{f"{unit}s": count})
    if cron := _CRON.fullmatch(expression):
        return _next_cron(cron.groups(), after)
    raise InvalidSchedule(f"{expression}: neither rate(number unit) nor cron(six fields)")


def _next_cron(fields: tuple[str, ...], after: datetime) -> datetime | None:
    minutes = _values(fields[0], 0, 59)
    hours = _values(fields[1], 0, 23)
    months = _values(fields[3], 1, 12, _MONTHS, 1)
    years = _values(fields[5], 1970, _LAST_YEAR)
    if (fields[2] == "?") == (fields[4] == "?"):
        raise InvalidSchedule("one of day-of-month and day-of-week must be ?, and only one")
    days = None if fields[2] == "?" else _values(fields[2], 1, 31)
    weekdays = None if fields[4] == "?" else _values(fields[4], 1, 7, _DAYS, 1)
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    while day.year <= max(years):
        fits = day.year in years and day.month in months
        fits = fits and (days is None or day.day in days)
        fits = fits and (weekdays is None or day.isoweekday() % 7 + 1 in weekdays)
        if fits:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    if (moment := day.replace(hour=hour, minute=minute)) > after:
                        return moment
        day += timedelta(days=1)
    return None


def _values(field: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        if span == "*":
            begin, until = low, high
        else:
            begin = _number(start, names, first)
            until = _number(end, names, first) if dash else (high if step else begin)
        if not low <= begin <= until <= high or (step and not (step.isdigit() and int(step))):
            raise InvalidSchedule(f"{field}: not between {low} and {high}")
        found |= set(range(begin, until + 1, int(step or 1)))
    return found


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + first
    if not text.isdigit():
        raise InvalidSchedule(f"{text}: no number or name that is supported here")
    return int(text)
