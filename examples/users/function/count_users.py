"""How many IAM users an account has."""

import boto3


def handle(event, context):
    """Enters the account `id`; its name and the number."""
    partition = context.invoked_function_arn.split(":")[1]
    role = f"arn:{partition}:iam::{event['id']}:role/OrganizationAccountAccessRole"
    key = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="survey")["Credentials"]
    iam = boto3.client(
        "iam",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    pages = iam.get_paginator("list_users").paginate()
    return {"account": event["name"], "users": sum(len(page["Users"]) for page in pages)}
