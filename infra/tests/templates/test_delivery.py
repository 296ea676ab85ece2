"""Who may write into topics and with their keys: an alert that is not delivered is told to nobody."""

from spoil import everywhere, put, twins
from world import listed, strings

PUBLISHERS = {
    "AWS::CloudWatch::Alarm": "cloudwatch.amazonaws.com",
    "AWS::Events::Rule": "events.amazonaws.com",
    "AWS::RDS::EventSubscription": "events.rds.amazonaws.com",
    "AWS::Budgets::Budget": "budgets.amazonaws.com",
}
# EventBridge gives no aws:SourceAccount when it publishes to a topic, and asks for its key in the same way
# (SNS developer guide, "Enable compatibility between event sources and encrypted topics").
SAYS_NOT_FOR_WHOM = "events.amazonaws.com"


def allowed(statements, service, action):
    """Statements that allow a service something."""
    for one in statements:
        if one["Effect"] == "Allow" and action in listed(one["Action"]) and service in listed(one["Principal"].get("Service", [])):
            yield one


def alerts_are_delivered(there):
    """Each service that writes to a topic may do so, and may use the topic's key; what it cannot say is not asked."""
    policies = [resource["Properties"] for _, resource in there.resources("AWS::SNS::TopicPolicy")]
    for symbol, topic in there.resources("AWS::SNS::Topic"):
        statements = [one for policy in policies if symbol in policy["Topics"] for one in policy["PolicyDocument"]["Statement"]]
        wanted = {service for kind, service in PUBLISHERS.items() for _, one in there.resources(kind) if symbol in strings(one["Properties"])}
        key = there.find(topic["Properties"].get("KmsMasterKeyId", ""))
        for service in sorted(wanted):
            ways = [("publish to it", [one for one in allowed(statements, service, "sns:Publish") if symbol in listed(one["Resource"])])]
            if key:
                key_statements = key["Properties"]["KeyPolicy"]["Statement"]
                for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                    ways.append((f"do {action} with its key", list(allowed(key_statements, service, action))))
            for what, found in ways:
                if not any(service != SAYS_NOT_FOR_WHOM or "Condition" not in one for one in found):
                    yield f"{symbol}: {service} may not {what}"
                if service != SAYS_NOT_FOR_WHOM and any("Condition" not in one for one in found):
                    yield f"{symbol}: {service} may {what} for any account"


def other_keys_are_closed_to_services(there):
    """Only the key of topics and queues is open to services, but for logs, which say which group they are of."""
    for symbol, key in there.resources("AWS::KMS::Key"):
        for one in key["Properties"]["KeyPolicy"]["Statement"]:
            services = listed(one["Principal"].get("Service", []))
            if services and symbol != "security:MessageKey" and "ArnLike" not in one.get("Condition", {}):
                yield f"{symbol} is open to {services}"


test_alerts = everywhere(alerts_are_delivered)
test_keys = everywhere(other_keys_are_closed_to_services)

OURS = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
test_alerts_twins = twins(
    alerts_are_delivered,
    {
        "a key that asks events for their account": ("prod", "security:MessageKey", put(["KeyPolicy", "Statement", 2, "Condition"], OURS)),
        "a topic that asks events for their account": ("prod", "messaging:TopicPolicy", put(["PolicyDocument", "Statement", 1, "Condition"], OURS)),
        "a key that alarms cannot use": ("prod", "security:MessageKey", put(["KeyPolicy", "Statement", 1, "Principal", "Service"], ["sns.amazonaws.com"])),
        "a topic for the alarms of all accounts": ("prod", "messaging:TopicPolicy", put(["PolicyDocument", "Statement", 0, "Condition"], None)),
        "a topic without a statement": ("dev", "messaging:TopicPolicy", put(["Topics"], ["messaging:InfoTopic"])),
    },
)
test_keys_twins = twins(
    other_keys_are_closed_to_services,
    {"events with the database's key": ("prod", "security:DataKey", put(["KeyPolicy", "Statement", 1], {"Principal": {"Service": "events.amazonaws.com"}}))},
)
