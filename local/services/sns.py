"""Amazon SNS, where moto falls short of it: what a topic may deliver is for the queue's own policy to say.

https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

from __future__ import annotations

from typing import Any

from moto.sns.models import Subscription

from local.engine import Engine

SNS = "sns.amazonaws.com"


def install(engine: Engine) -> None:
    publish: Any = Subscription.publish

    def publish_if_admitted(subscription: Any, *message: Any, **named: Any) -> None:
        """The publisher never hears of a message that could not be delivered."""
        if subscription.protocol != "sqs" or _admitted(subscription):
            publish(subscription, *message, **named)

    def _admitted(subscription: Any) -> bool:
        topic = subscription.topic.arn
        decision = engine.authorizer.resource_allows(
            SNS,
            "sqs:SendMessage",
            subscription.endpoint,
            source_arn=topic,
            source_account=topic.split(":")[4],
        )
        return bool(decision.allowed)

    engine.patch(Subscription, "publish", publish_if_admitted)
