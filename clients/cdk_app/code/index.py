"""Writes a greeting into a bucket, and tells a queue."""

import os

import boto3


def write(event, context):
    greeting = os.environ["GREETING"]
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="greeting", Body=greeting.encode())
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=greeting)
    return greeting
