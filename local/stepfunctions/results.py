"""Part of the Step Functions adapter: what a Map Run exports to S3.

Follows "ResultWriter (Map)" of the Step Functions Developer Guide: a manifest, and a file for each status that
occurs. moto writes an empty manifest.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.utils import boto_client

from local.clock import iso_8601
from local.stepfunctions.executions import redrive
from local.stepfunctions.failures import NO_USE, map_run_failed, s3_cause

Record = dict[str, Any]
FILES = ("FAILED", "PENDING", "SUCCEEDED")


def write_results(run: Any, children: list[Any], where: dict[str, str]) -> Record:
    """Write how each child ended; the result of the Map state."""
    details = run.environment.aws_execution_details
    s3: Any = boto_client.boto_client_for(
        region=details.region, service="s3", state_credentials=StateCredentials(role_arn=details.role_arn)
    )
    bucket, prefix = where["Bucket"], where.get("Prefix", "")
    folder = (
        f"{prefix}{'/' if prefix and not prefix.endswith('/') else ''}{run.record.map_run_arn.split(':')[-1]}"
    )
    files: dict[str, list[Record]] = {name: [] for name in FILES}
    try:
        for name in FILES:
            if records := [record_of(child) for child in children if _file_of(child) == name]:
                body = json.dumps(records).encode()
                key = f"{folder}/{name}_0.json"
                s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
                files[name].append({"Key": key, "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": run.record.map_run_arn, "ResultFiles": files}
        key = f"{folder}/manifest.json"
        s3.put_object(
            Bucket=bucket, Key=key, Body=json.dumps(manifest).encode(), ContentType="application/json"
        )
    except NO_USE as error:
        failed = StatesErrorNameType.StatesResultWriterFailed
        raise map_run_failed(run.environment, failed, s3_cause(error)) from error
    return {"MapRunArn": run.record.map_run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _file_of(child: Any) -> str:
    if child.exec_status is None:
        return "PENDING"
    return "SUCCEEDED" if child.exec_status == ExecutionStatus.SUCCEEDED else "FAILED"


def record_of(child: Any) -> Record:
    """One child as the files have it: of one that was never started, AWS knows the input only."""
    given = {"Input": child.execution_input, "InputDetails": {"Included": True}}
    if child.exec_status is None:
        return given | {"Status": "PENDING"}
    known = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.exec_arn,
        **given,
        "Name": child.name,
        "Output": _text(child.output) if child.exec_status == ExecutionStatus.SUCCEEDED else None,
        "OutputDetails": {"Included": True},
        **{key[:1].upper() + key[1:]: value for key, value in redrive(child.exec_status).items()},
        "StartDate": iso_8601(child.start_date),
        "StateMachineArn": child.state_machine_arn,
        "Status": child.exec_status.value,
        "StopDate": child.stop_date and iso_8601(child.stop_date),
    }
    return {key: value for key, value in known.items() if value is not None}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
