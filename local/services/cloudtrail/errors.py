"""CloudTrail's exceptions, and by which name it acts."""

from __future__ import annotations

from moto.core.exceptions import ServiceException

PRINCIPAL = "cloudtrail.amazonaws.com"


class CloudTrailError(ServiceException):
    """An exception of CloudTrail, by its name."""
