"""Amazon SNS, where moto falls short of it: what a topic may deliver is for the queue's own policy to say, and who
subscribes by mail is asked first. No mail is sent here: `confirm` is the answer.

https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import Subscription, sns_backends
from moto.sns.responses import SNSResponse

from local.engine import Engine

SNS = "sns.amazonaws.com"
BY_MAIL = ("email", "email-json")
PENDING = "PendingConfirmation"


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
    _install_confirmation(engine)


def confirm(account: str, region: str, address: str) -> None:
    """Whoever has that address follows the link in the mail."""
    for subscription in sns_backends[account][region].subscriptions.values():
        if subscription.endpoint == address:
            subscription.confirmed = True


def _is_pending(subscription: Any) -> bool:
    return subscription.protocol in BY_MAIL and not subscription.confirmed


def _install_confirmation(engine: Engine) -> None:
    for name in ("list_subscriptions", "list_subscriptions_by_topic"):
        listing: Any = vars(SNSResponse)[name]

        def listed(response: Any, listing: Any = listing) -> ActionResult:
            answer: Any = listing(response)
            shown = [_shown(each) for each in answer.result["Subscriptions"]]
            return ActionResult(answer.result | {"Subscriptions": shown})

        engine.patch(SNSResponse, name, listed)
    subscribe: Any = SNSResponse.subscribe

    def subscribed(response: Any) -> ActionResult:
        answer: Any = subscribe(response)
        subscription = response.backend.subscriptions[answer.result["SubscriptionArn"]]
        if response._get_bool_param("ReturnSubscriptionArn"):
            return ActionResult(answer.result)
        return (
            ActionResult({"SubscriptionArn": "pending confirmation"}) if _is_pending(subscription) else answer
        )

    engine.patch(SNSResponse, "subscribe", subscribed)


def _shown(subscription: Any) -> dict[str, Any]:
    return {
        "SubscriptionArn": PENDING if _is_pending(subscription) else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }
