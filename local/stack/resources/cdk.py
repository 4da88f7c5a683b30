"""AWS::CDK: what the CDK puts into a template about itself. CloudFormation makes nothing of it."""

from __future__ import annotations

from local.stack.resource import Context, Made, Properties, PutType, embedded


@embedded
class Metadata(PutType):
    name = "AWS::CDK::Metadata"
    applies = frozenset({"Analytics"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        return Made(physical_id or to.name(255))

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        return None
