"""What Service Quotas refuses, and where it works for a whole organization."""

from __future__ import annotations

from moto.core.exceptions import ServiceException

HOME_REGION = "us-east-1"


class ServiceQuotasError(ServiceException):
    """An exception of Service Quotas, by its name."""


def no_such_resource(message: str) -> ServiceQuotasError:
    return ServiceQuotasError("NoSuchResourceException", message)
