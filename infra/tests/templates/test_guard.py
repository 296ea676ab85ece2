"""The same templates before CloudFormation Guard, with rules in its own language: a second engine, and a second reading."""

import re

import pytest
from cfn_guard_rs import run_checks

from spoil import put, spoiled
from world import ENVIRONMENTS, INFRA, world

RULES = (INFRA / "guard" / "holdfast.guard").read_text()
NAMES = re.findall(r"^rule (\w+)", RULES, re.MULTILINE)


def judged(there, stack=""):
    """What Guard says of an environment, or of one stack: (rules that do not hold, rules that do)."""
    resources = {
        symbol: {key: resource[key] for key in ("Type", "Properties")}
        for symbol, resource in there.resources()
        if f"'{resource['Type']}'" in RULES and symbol.startswith(stack)
    }
    report = run_checks({"Resources": resources}, RULES)
    return {one.Rule.name for one in report.not_compliant}, set(report.compliant)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_guard_finds_nothing(environment):
    assert judged(world(environment))[0] == set()


def test_every_rule_meets_something():
    assert judged(world("prod"))[1] == set(NAMES)


C = ["ContainerDefinitions", 0]
TWINS = {
    "CONTAINER_IS_NOT_ROOT": ("api:ApiTask", [*C, "User"], "0"),
    "CONTAINER_CANNOT_WRITE": ("api:ApiTask", [*C, "ReadonlyRootFilesystem"], False),
    "CONTAINER_HAS_NO_CAPABILITY": ("workers:DeskTask", [*C, "LinuxParameters", "Capabilities"], {"Drop": ["ALL"], "Add": ["SYS_PTRACE"]}),
    "CONTAINER_LOGS": ("migrate:MigrateTask", [*C, "LogConfiguration", "Options", "mode"], "blocking"),
    "CONTAINER_ENVIRONMENT_HAS_NO_SECRET": ("api:ApiTask", [*C, "Environment", 0, "Name"], "AWS_SECRET_ACCESS_KEY"),
    "TASK_HAS_ITS_NETWORK": ("workers:SagasTask", ["NetworkMode"], "bridge"),
    "SERVICE_RUNS_ON_THE_LATEST_PLATFORM": ("workers:SagasService", ["PlatformVersion"], "1.3.0"),
    "CLUSTER_IS_LOOKED_AT": ("cluster:Cluster", ["ClusterSettings"], []),
    "DATABASE_IS_ENCRYPTED": ("data:Cluster", ["StorageEncrypted"], False),
    "DATABASE_TAKES_TOKENS": ("data:Cluster", ["EnableIAMDatabaseAuthentication"], False),
    "DATABASE_LOGS_AND_TAGS_ITS_SNAPSHOTS": ("data:Cluster", ["CopyTagsToSnapshot"], False),
    "DATABASE_INSTANCE_IS_PRIVATE_AND_CURRENT": ("data:Reader1", ["PubliclyAccessible"], True),
    "QUEUE_IS_ENCRYPTED": ("messaging:AuditDeadLetters", ["KmsMasterKeyId"], None),
    "KEY_IS_ROTATED": ("security:LogKey", ["EnableKeyRotation"], False),
    "BUCKET_IS_SHUT": ("security:LogBucket", ["PublicAccessBlockConfiguration", "RestrictPublicBuckets"], False),
    "LOG_HAS_AN_END_AND_A_KEY": ("edge:FirewallLog", ["RetentionInDays"], None),
    "BALANCER_DROPS_BAD_HEADERS": ("edge:LoadBalancer", ["LoadBalancerAttributes"], [{"Key": "access_logs.s3.enabled", "Value": "true"}]),
    "LISTENER_SPEAKS_TLS": ("edge:HttpsListener", ["Protocol"], "HTTP"),
    "ALARM_ACTS": ("observability:OutboxStalledAlarm", ["AlarmActions"], []),
    "REPOSITORY_KEEPS_ITS_TAGS": ("bootstrap:Repository", ["ImageTagMutability"], "MUTABLE"),
    "ROLE_IS_NO_ADMINISTRATOR": ("data:MonitoringRole", ["ManagedPolicyArns"], ["arn:aws:iam::aws:policy/AdministratorAccess"]),
    "NOBODY_REACHES_THE_DATABASE_BY_ADDRESS": ("security:DatabaseFromApi", ["CidrIp"], "10.0.0.0/16"),
    "TRAIL_CANNOT_BE_CHANGED_UNSEEN": ("security:ApiTrail", ["EnableLogFileValidation"], False),
}


def test_every_rule_has_a_twin():
    assert sorted(TWINS) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_spoiled_template_breaks_its_rule(name):
    symbol, path, value = TWINS[name]
    with spoiled(world("prod"), symbol, put(path, value)) as there:
        assert name in judged(there, symbol.partition(":")[0])[0]
