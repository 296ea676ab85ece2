"""Values that a template may not have, and that no linter sees: each was accepted by one."""

import re

import pytest

from spoil import everywhere, gone, put, twins
from world import world

# Processor -> least and most memory.
FARGATE = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384), 4096: (8192, 30720)}
MANAGED_RULES = {
    "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
}
BALANCER_ATTRIBUTES = {
    "access_logs.s3.bucket", "access_logs.s3.enabled", "access_logs.s3.prefix", "deletion_protection.enabled",
    "idle_timeout.timeout_seconds", "routing.http.desync_mitigation_mode", "routing.http.drop_invalid_header_fields.enabled",
}


def of(there, kind):
    return ((symbol, resource["Properties"]) for symbol, resource in there.resources(kind))


def tasks_are_hardened(there):
    """Not root, nothing to write to, no capability, an image by its digest, a log that cannot block."""
    for symbol, task in of(there, "AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            if str(container.get("User", "0")) in ("0", "root"):
                yield f"{symbol} runs as root"
            if container.get("ReadonlyRootFilesystem") is not True or container.get("Privileged"):
                yield f"{symbol} may write to its image"
            if container.get("LinuxParameters", {}).get("Capabilities") != {"Drop": ["ALL"]}:
                yield f"{symbol} keeps capabilities"
            if not re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", container["Image"]):
                yield f"{symbol} has an image that may change"
            options = container["LogConfiguration"]["Options"]
            if options.get("mode") != "non-blocking" or not options.get("awslogs-group", "").startswith("cluster:"):
                yield f"{symbol} may wait for its log"
            period = container.get("RestartPolicy", {}).get("RestartAttemptPeriod", 60)
            if not 60 <= int(period) <= 1800:
                yield f"{symbol} restarts after {period} s"
        least, most = FARGATE[int(task["Cpu"])]
        if not least <= int(task["Memory"]) <= most or int(task["Memory"]) % 512:
            yield f"{symbol}: Fargate has no {task['Cpu']} with {task['Memory']}"
        if "TaskRoleArn" not in task or "ExecutionRoleArn" not in task:
            yield f"{symbol} has no role of its own"


def deployments_can_go_back(there):
    """Blue/green by alarms and a hook, with both groups; rolling by circuit breaker and alarms. Scaling has the count."""
    for symbol, service in of(there, "AWS::ECS::Service"):
        how = service["DeploymentConfiguration"]
        alarms = how.get("Alarms", {})
        if not (alarms.get("Enable") and alarms.get("Rollback") and alarms.get("AlarmNames")):
            yield f"{symbol} does not look at alarms"
        stack = symbol.partition(":")[0]
        for name in alarms.get("AlarmNames", []):
            if not str(name).startswith(f"{stack}:") or not there.find(name):
                yield f"{symbol}: {name} is not made before the service"
        if "DesiredCount" in service:
            yield f"{symbol} undoes scaling"
        if service.get("PropagateTags") != "SERVICE":
            yield f"{symbol} leaves its tasks without tags"
        if service.get("AvailabilityZoneRebalancing") != "ENABLED":
            yield f"{symbol} stays where it is"
        breaker = how.get("DeploymentCircuitBreaker", {})
        if how["Strategy"] == "ROLLING":
            if not (breaker.get("Enable") and breaker.get("Rollback")):
                yield f"{symbol} has no circuit breaker"
        else:
            if breaker:
                yield f"{symbol}: a circuit breaker does nothing for {how['Strategy']}"
            # The hook's way needs Scheme: internal. A public load balancer's name gives public addresses, and from those no rule
            # between security groups lets anybody in.
            internal = there.find("edge:LoadBalancer")["Properties"]["Scheme"] == "internal"
            if bool(how.get("LifecycleHooks")) != internal or int(how.get("BakeTimeInMinutes", 0)) < 1:
                yield f"{symbol} is not looked at, or in a way that cannot be"
            for balancer in service["LoadBalancers"] or [{}]:
                advanced = balancer.get("AdvancedConfiguration", {})
                found = {there.find(advanced.get(key)) is not None for key in ("AlternateTargetGroupArn", "ProductionListenerRule", "TestListenerRule", "RoleArn")}
                if found != {True}:
                    yield f"{symbol} has no second group"


def the_database_is_kept(there):
    """One way to keep the master password, encrypted, and a snapshot when the cluster goes."""
    for symbol, resource in there.resources("AWS::RDS::DBCluster"):
        cluster = resource["Properties"]
        if "GlobalClusterIdentifier" in cluster or list(of(there, "AWS::RDS::GlobalCluster")):
            if cluster.get("ManageMasterUserPassword"):
                yield f"{symbol}: RDS keeps no password of a global database"
        if bool(cluster.get("ManageMasterUserPassword")) == ("MasterUserPassword" in cluster):
            yield f"{symbol} has two passwords or none"
        if resource.get("DeletionPolicy") != "Snapshot" or resource.get("UpdateReplacePolicy") != "Snapshot":
            yield f"{symbol} goes without a snapshot"
        if not (cluster.get("StorageEncrypted") and cluster.get("KmsKeyId") == "security:DataKey.Arn"):
            yield f"{symbol} is not encrypted with our key"
        if cluster.get("EnableIAMDatabaseAuthentication") is not True:
            yield f"{symbol} takes no tokens"
        capacity = cluster.get("ServerlessV2ScalingConfiguration", {})
        for value in map(float, capacity.values()):
            if value * 2 % 1 or not 0 <= value <= 256:
                yield f"{symbol} cannot have {value} units"
    for symbol, group in of(there, "AWS::RDS::DBClusterParameterGroup"):
        version = there.find("data:Cluster")["Properties"]["EngineVersion"].partition(".")[0]
        if group["Family"] != f"aurora-postgresql{version}":
            yield f"{symbol} is for {group['Family']}"
        if group["Parameters"].get("rds.force_ssl") != "1":
            yield f"{symbol} allows plain connections"


def the_edge_is_shut(there):
    """Modern TLS, known rules of the firewall, and no cache of balances."""
    for symbol, listener in of(there, "AWS::ElasticLoadBalancingV2::Listener"):
        redirect = listener["DefaultActions"][0]["Type"] == "redirect"
        if not redirect and (listener["Protocol"] != "HTTPS" or listener.get("SslPolicy") != "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"):
            yield f"{symbol} speaks {listener.get('SslPolicy', 'without TLS')}"
        if listener["DefaultActions"][0]["Type"] == "forward":
            yield f"{symbol} leads to tasks by itself"
    for symbol, balancer in of(there, "AWS::ElasticLoadBalancingV2::LoadBalancer"):
        unknown = {one["Key"] for one in balancer["LoadBalancerAttributes"]} - BALANCER_ATTRIBUTES
        yield from (f"{symbol} has no attribute {name}" for name in sorted(unknown))
    for symbol, firewall in of(there, "AWS::WAFv2::WebACL"):
        names = {rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in firewall["Rules"] if "ManagedRuleGroupStatement" in rule["Statement"]}
        if names != MANAGED_RULES:
            yield f"{symbol} has the rules {sorted(names)}"
        counts = [rule["Name"] for rule in firewall["Rules"] if "Count" in {**rule.get("Action", {}), **rule.get("OverrideAction", {})}]
        if counts and there.environment == "prod":
            yield f"{symbol} only counts {counts}"
    if there.outputs["EdgeMode"] == "rest-api" and not list(of(there, "AWS::ApiGateway::UsagePlan")):
        yield "no usage plan"
    for symbol, stage in of(there, "AWS::ApiGateway::Stage"):
        if stage.get("CacheClusterEnabled") or any(one.get("CachingEnabled") for one in stage["MethodSettings"]):
            yield f"{symbol} remembers balances"
    for symbol, method in of(there, "AWS::ApiGateway::Method"):
        if there.find(method["Integration"].get("IntegrationTarget")) is None:
            yield f"{symbol} leads nowhere"


def what_holds_data_stays(there):
    """Keys, queues, buckets, logs and repositories are not deleted with their stack, and all are encrypted."""
    retained = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::Cognito::UserPool", "AWS::Backup::BackupVault")
    for symbol, resource in there.resources(*retained, "AWS::SQS::Queue"):
        if symbol.startswith("scheduled:"):
            continue
        passing = there.environment == "dev" and resource["Type"] == "AWS::SQS::Queue"
        if resource.get("DeletionPolicy") != ("Delete" if passing else "RetainExceptOnCreate") or resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{symbol} goes with its stack"
    for symbol, key in of(there, "AWS::KMS::Key"):
        if key.get("EnableKeyRotation") is not True:
            yield f"{symbol} is never rotated"
    for symbol, queue in of(there, "AWS::SQS::Queue"):
        if queue.get("KmsMasterKeyId") != "security:MessageKey.Arn":
            yield f"{symbol} is not encrypted with our key"
        if queue.get("RedriveAllowPolicy", {"redrivePermission": "byQueue"})["redrivePermission"] != "byQueue":
            yield f"{symbol} takes dead letters of anybody"
    for symbol, group in of(there, "AWS::Logs::LogGroup"):
        if not group.get("RetentionInDays") or group.get("KmsKeyId") != "security:LogKey.Arn":
            yield f"{symbol} is kept for ever, or in the clear"
    for symbol, bucket in of(there, "AWS::S3::Bucket"):
        if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True} or "BucketEncryption" not in bucket:
            yield f"{symbol} may be public"
    for symbol, repository in of(there, "AWS::ECR::Repository"):
        if repository.get("ImageTagMutability") != "IMMUTABLE" or not repository["ImageScanningConfiguration"]["ScanOnPush"]:
            yield f"{symbol} lets a tag move"


# What gives a resource its name, where nobody else can have one of the same name.
NAMED = {
    "AWS::Backup::BackupVault": "BackupVaultName", "AWS::ECR::Repository": "RepositoryName", "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName", "AWS::SecretsManager::Secret": "Name", "AWS::SQS::Queue": "QueueName",
}


def what_failed_can_be_tried_again(there):
    """Nothing of a creation that was rolled back stays, and in development no name stays taken after a teardown."""
    for symbol, resource in there.resources():
        policy = resource.get("DeletionPolicy", "Delete")
        if policy == "Retain":
            yield f"{symbol} stays when its creation fails"
        torn_down = there.environment == "dev" and not symbol.startswith("bootstrap:")
        if torn_down and policy != "Delete" and NAMED.get(resource["Type"]) in resource["Properties"]:
            yield f"{symbol} keeps its name after a teardown"


def functions_leave_others_their_concurrency(there):
    """A new account has ten executions at a time, and ten must stay unreserved."""
    for symbol, function in of(there, "AWS::Lambda::Function"):
        if "ReservedConcurrentExecutions" in function:
            yield f"{symbol} reserves {function['ReservedConcurrentExecutions']}"


def clocks_are_understood(there):
    """`rate(15 minute)` and a fifth field too few are what no linter sees."""
    for symbol, schedule in of(there, "AWS::Scheduler::Schedule"):
        text = schedule["ScheduleExpression"]
        if not re.fullmatch(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\((\S+ ){5}\S+\)", text):
            yield f"{symbol}: {text}"
        if "DeadLetterConfig" not in schedule["Target"]:
            yield f"{symbol} is lost in silence"
    for symbol, cluster in of(there, "AWS::ECS::Cluster"):
        if cluster["ClusterSettings"][0]["Value"] not in ("enabled", "enhanced"):
            yield f"{symbol}: {cluster['ClusterSettings']}"


test_tasks = everywhere(tasks_are_hardened)
test_deployments = everywhere(deployments_can_go_back)
test_database = everywhere(the_database_is_kept)
test_edge = everywhere(the_edge_is_shut)
test_data = everywhere(what_holds_data_stays)
test_again = everywhere(what_failed_can_be_tried_again)
test_functions = everywhere(functions_leave_others_their_concurrency)
test_clocks = everywhere(clocks_are_understood)

C, D = ["ContainerDefinitions", 0], ["DeploymentConfiguration"]


def policy(value):
    return lambda resource: resource.update(DeletionPolicy=value)


def forget(key):
    return lambda resource: resource.pop(key) and None


test_tasks_twins = twins(tasks_are_hardened, {
    "root": ("prod", "workers:SagasTask", put([*C, "User"], "0")),
    "writable": ("prod", "api:ApiTask", put([*C, "ReadonlyRootFilesystem"], False)),
    "capabilities": ("prod", "api:ApiTask", put([*C, "LinuxParameters", "Capabilities"], {"Add": ["NET_ADMIN"]})),
    "latest": ("prod", "migrate:MigrateTask", put([*C, "Image"], "holdfast:latest")),
    "a log that blocks": ("prod", "scheduled:ScheduledTask", put([*C, "LogConfiguration", "Options", "mode"], "blocking")),
    "restarts too soon": ("prod", "workers:RelayTask", put([*C, "RestartPolicy", "RestartAttemptPeriod"], 5)),
    "a size that Fargate does not have": ("prod", "api:ApiTask", put(["Memory"], "512")),
    "the execution role's rights": ("prod", "workers:RelayTask", put(["TaskRoleArn"], None)),
})
test_deployments_twins = twins(deployments_can_go_back, {
    "no alarms": ("prod", "workers:SagasService", put([*D, "Alarms"], None)),
    "an alarm of a later stack": ("prod", "api:ApiService", put([*D, "Alarms", "AlarmNames"], ["observability:OutboxStalledAlarm"])),
    "a count": ("prod", "workers:AuditService", put(["DesiredCount"], 2)),
    "no breaker": ("prod", "workers:DeskService", put([*D, "DeploymentCircuitBreaker"], None)),
    "a breaker on blue/green": ("prod", "api:ApiService", put([*D, "DeploymentCircuitBreaker"], {"Enable": True, "Rollback": True})),
    "no second group": ("prod", "api:ApiService", put(["LoadBalancers", 0, "AdvancedConfiguration"], None)),
    "no hook": ("prod", "api:ApiService", put([*D, "LifecycleHooks"], [])),
    "a hook that gets nowhere": ("dev", "api:ApiService", put([*D, "LifecycleHooks"], [{"HookTargetArn": "api:SmokeTest.Arn"}])),
    "no tags": ("prod", "workers:RelayService", put(["PropagateTags"], None)),
})
test_database_twins = twins(the_database_is_kept, {
    "global, and RDS keeps the password": ("prod", "data:Cluster", put(["ManageMasterUserPassword"], True)),
    "two passwords": ("staging", "data:Cluster", put(["MasterUserPassword"], "x")),
    "no snapshot": ("prod", "data:Cluster", forget("DeletionPolicy")),
    "plain": ("prod", "data:ClusterParameters", put(["Parameters", "rds.force_ssl"], "0")),
    "another family": ("prod", "data:ClusterParameters", put(["Family"], "aurora-postgres16")),
    "9999 units": ("prod", "data:Cluster", put(["ServerlessV2ScalingConfiguration", "MaxCapacity"], 9999)),
    "not encrypted": ("prod", "data:Cluster", put(["StorageEncrypted"], False)),
    "no tokens": ("prod", "data:Cluster", put(["EnableIAMDatabaseAuthentication"], False)),
})
test_edge_twins = twins(the_edge_is_shut, {
    "a policy that is none": ("prod", "edge:HttpsListener", put(["SslPolicy"], "Nope")),
    "a listener to tasks": ("prod", "edge:TestListener", put(["DefaultActions", 0, "Type"], "forward")),
    "an attribute that is none": ("prod", "edge:LoadBalancer", put(["LoadBalancerAttributes", 0, "Key"], "deletion.protection")),
    "rules that are none": ("prod", "edge:Firewall", put(["Rules", 5, "Statement", "ManagedRuleGroupStatement", "Name"], "AWSManagedRulesNope")),
    "only counts": ("prod", "edge:Firewall", put(["Rules", 2, "Action"], {"Count": {}})),
    "a cache": ("prod", "edge:RestStage", put(["MethodSettings", 0, "CachingEnabled"], True)),
    "a link to nowhere": ("prod", "edge:RestMethod", put(["Integration", "IntegrationTarget"], None)),
    "no plan": ("prod", "edge:UsagePlan", gone),
})
test_data_twins = twins(what_holds_data_stays, {
    "a queue that goes": ("prod", "messaging:AuditQueue", forget("DeletionPolicy")),
    "a key for ever": ("prod", "security:DataKey", put(["EnableKeyRotation"], False)),
    "a queue in the clear": ("prod", "messaging:AuditQueue", put(["KmsMasterKeyId"], None)),
    "dead letters of anybody": ("prod", "messaging:AuditDeadLetters", put(["RedriveAllowPolicy", "redrivePermission"], "byQ")),
    "logs for ever": ("prod", "cluster:ApiLogs", put(["RetentionInDays"], None)),
    "a public bucket": ("prod", "security:LogBucket", put(["PublicAccessBlockConfiguration", "BlockPublicPolicy"], False)),
    "tags that move": ("prod", "bootstrap:Repository", put(["ImageTagMutability"], "MUTABLE")),
})
test_again_twins = twins(what_failed_can_be_tried_again, {
    "a log group that stays": ("prod", "cluster:ApiLogs", policy("Retain")),
    "a name that stays": ("dev", "messaging:AuditQueue", policy("RetainExceptOnCreate")),
})
test_functions_twins = twins(functions_leave_others_their_concurrency, {
    "a reservation": ("prod", "api:SmokeTest", put(["ReservedConcurrentExecutions"], 2)),
})
test_clocks_twins = twins(clocks_are_understood, {
    "rate(15 minute)": ("prod", "scheduled:AuditSchedule", put(["ScheduleExpression"], "rate(15 minute)")),
    "cron with five fields": ("prod", "scheduled:AuditSchedule", put(["ScheduleExpression"], "cron(0 4 * * ?)")),
    "lost in silence": ("prod", "scheduled:AuditSchedule", put(["Target", "DeadLetterConfig"], None)),
    "ultra": ("prod", "cluster:Cluster", put(["ClusterSettings", 0, "Value"], "ultra")),
})


def hook():
    """The code of the smoke test, as Lambda would run it."""
    scope = {}
    exec(world("prod").find("api:SmokeTest")["Properties"]["Code"]["ZipFile"], scope)  # noqa: S102 - our own template
    return scope


@pytest.mark.parametrize("answers,status", [
    ({"/health/ready": 200, "/openapi.json": 200, "/v1/wallets": 401}, "SUCCEEDED"),
    ({"/health/ready": 503, "/openapi.json": 200, "/v1/wallets": 401}, "FAILED"),
    # It answers without asking who is there.
    ({"/health/ready": 200, "/openapi.json": 200, "/v1/wallets": 200}, "FAILED"),
])
def test_the_hook_says_whether_a_version_is_good(answers, status):
    scope = hook()
    scope["look"] = answers.get
    assert scope["handler"]({}, None) == {"hookStatus": status}


def test_the_hook_fails_a_version_that_cannot_be_reached():
    scope = hook()

    def refused(_):
        raise ConnectionRefusedError("refused")

    scope["look"] = refused
    assert scope["handler"]({}, None) == {"hookStatus": "FAILED"}
