"""S3: the one place where a roll-out's list of accounts and its results are written and read.

Below the name of the execution: `accounts.json`, and the same by stages, `skipped.json`, `results/<id of the Map Run>/...` as Step Functions
writes them, `summary.json`, and `report.html`.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from groundwork.aws.clients import own_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Status = Literal["SUCCEEDED", "FAILED", "PENDING"]
STATUSES: tuple[Status, ...] = ("SUCCEEDED", "FAILED", "PENDING")


class Store:
    """What one roll-out keeps. `name` is that of its execution."""

    def __init__(self, bucket: str, name: str, client: S3Client | None = None) -> None:
        self._client: S3Client = client or own_client("s3")
        self.bucket = bucket
        self.name = name
        self.accounts_key = f"{name}/accounts.json"
        self.skipped_key = f"{name}/skipped.json"
        self.results_prefix = f"{name}/results"
        self.summary_key = f"{name}/summary.json"
        self.report_key = f"{name}/report.html"

    def stage_key(self, number: int) -> str:
        return f"{self.name}/accounts-{number}.json"

    def write(self, key: str, value: Any) -> None:
        self._client.put_object(
            Bucket=self.bucket, Key=key, Body=json.dumps(value).encode(), ContentType="application/json"
        )

    def write_page(self, key: str, page: str) -> None:
        self._client.put_object(
            Bucket=self.bucket, Key=key, Body=page.encode(), ContentType="text/html; charset=utf-8"
        )

    def read(self, key: str) -> Any:
        return json.loads(self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def outcomes(self) -> Iterator[tuple[Status, Mapping[str, Any]]]:
        """Every child execution as Step Functions tells of it: those that ended well, those that did not, and those
        that were not begun. None when the Map did not run."""
        for manifest in self._manifests():
            files = self.read(manifest)["ResultFiles"]
            for status in STATUSES:
                for file in files.get(status, []):
                    for child in self.read(file["Key"]):
                        yield status, child

    def _manifests(self) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.results_prefix}/"
        )
        keys = (found["Key"] for page in pages for found in page.get("Contents", []))
        return (key for key in keys if key.endswith("/manifest.json"))
