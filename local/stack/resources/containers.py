"""AWS::ECR."""

from __future__ import annotations

from typing import Any

from local.stack.resource import (
    Context,
    Made,
    Properties,
    ResourceType,
    document,
    embedded,
    lower_first,
    only,
    tag_changes,
    tag_list,
)


@embedded
class Repository(ResourceType):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html"""

    name = "AWS::ECR::Repository"
    applies = frozenset(
        {
            "EmptyOnDelete",
            "EncryptionConfiguration",
            "ImageScanningConfiguration",
            "ImageTagMutability",
            "LifecyclePolicy",
            "RepositoryName",
            "RepositoryPolicyText",
            "Tags",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        ecr, name = to.api("ecr"), wanted.get("RepositoryName") or to.name(256, lower=True)
        settings = only(wanted, "EncryptionConfiguration", "ImageScanningConfiguration", "ImageTagMutability")
        made = ecr.create_repository(
            repositoryName=name, **lower_first(settings), tags=wanted.get("Tags", [])
        )["repository"]
        self._attach(ecr, name, {}, wanted)
        return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        ecr, name = to.api("ecr"), made.physical_id
        ecr.put_image_tag_mutability(
            repositoryName=name, imageTagMutability=wanted.get("ImageTagMutability", "MUTABLE")
        )
        scanning = wanted.get("ImageScanningConfiguration", {"ScanOnPush": False})
        ecr.put_image_scanning_configuration(
            repositoryName=name, imageScanningConfiguration=lower_first(scanning)
        )
        put, gone = tag_changes(old, wanted)
        arn = made.attributes["Arn"]
        if put:
            ecr.tag_resource(resourceArn=arn, tags=tag_list(put))
        if gone:
            ecr.untag_resource(resourceArn=arn, tagKeys=gone)
        self._attach(ecr, name, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("ecr").delete_repository(
            repositoryName=made.physical_id, force=bool(old.get("EmptyOnDelete", False))
        )

    @staticmethod
    def _attach(ecr: Any, name: str, old: Properties, wanted: Properties) -> None:
        before, after = old.get("LifecyclePolicy"), wanted.get("LifecyclePolicy")
        if after and after != before:
            ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=after["LifecyclePolicyText"])
        elif before and not after:
            ecr.delete_lifecycle_policy(repositoryName=name)
        before, after = old.get("RepositoryPolicyText"), wanted.get("RepositoryPolicyText")
        if after and after != before:
            ecr.set_repository_policy(repositoryName=name, policyText=document(after))
        elif before and not after:
            ecr.delete_repository_policy(repositoryName=name)
