"""Numbers that have to fit each other, across templates, parameters and code."""

import ipaddress
import re

from spoil import everywhere, put, twins
from world import ENVIRONMENTS, ROOT, World, world

CONFIGURATION = ROOT / "docs" / "CONFIGURATION.md"


def constant(path, name, pattern=r"Duration::from_secs\((\d+)\)"):
    """A number of the code."""
    found = re.search(rf"const {name}: \w+ = {pattern}", (ROOT / path).read_text())
    assert found, f"{path} has no {name}"
    return int(found[1])


COUNT = {word: number for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
# Of the sampler of figures, in each process that tells CloudWatch any: one for its lease, one to read.
SAMPLER = 2
# Checks by the clock, the migration, a person.
OTHERS = 10


def per_task():
    """Connections to the writer that one process keeps at most, as docs/CONFIGURATION.md says it."""
    text = CONFIGURATION.read_text().replace("\n", " ")
    fixed, listed, replica = re.search(r"an API process keeps at most (\w+) to the writer:([^;]*); with a replica (\w+) more", text).groups()
    # The list says the same as its sum.
    assert COUNT[fixed] == sum(COUNT[word] for word in re.findall(r"\b(one|two|three|four) for", listed)), listed
    reads = re.search(r"`HOLDFAST_API_READ_CONNECTIONS` \| [^|]*\| `(\d+)`", text)[1]
    words = re.search(
        r"A process keeps at most (\w+) connections for `sagas`, (\w+) for `relay`, (\w+) for each consumer, (\w+) for `desk`, "
        r"(\w+) for `calls`,([^.]*)\.",
        text,
    )
    sagas, relay, consumer, desk, calls = (COUNT[word] for word in words.groups()[:5])
    every = words[6].count("one for") + SAMPLER
    counts = {"Sagas": sagas, "Relay": relay, "Audit": consumer, "Metrics": consumer, "Desk": desk, "Calls": calls}
    return {"Api": COUNT[fixed] + COUNT[replica] + int(reads) + SAMPLER} | {role: count + every for role, count in counts.items()}


def tasks_max(there, role):
    target = there.find(f"{'api' if role == 'Api' else 'workers'}:{role}Target")
    return int(target["Properties"]["MaxCapacity"]) if target else 0


def the_pools_fit_into_the_database(there):
    """All pools of all tasks, while a deployment has both versions running, below 80 % of max_connections."""
    most = int(there.find("data:ClusterParameters")["Properties"]["Parameters"]["max_connections"])
    needed = OTHERS + sum(2 * tasks_max(there, role) * count for role, count in per_task().items())
    if needed >= 0.8 * most:
        yield f"{needed} connections of {most}"
    threshold = int(there.find("observability:DatabaseConnectionsHighAlarm")["Properties"]["Threshold"])
    if threshold != 0.8 * most:
        yield f"the alarm is at {threshold}, not at 80 % of {most}"


def containers(there):
    for symbol, resource in there.resources("AWS::ECS::TaskDefinition"):
        for container in resource["Properties"]["ContainerDefinitions"]:
            yield symbol, container


def stops_wait_for_drains(there):
    """A task is killed only after it had the time that the code takes to drain, and Fargate waits for two minutes at most."""
    drains = {"api:": constant("api/src/server.rs", "DRAIN_MAX"), "workers:": constant("jobs/src/lib.rs", "DRAIN_MAX")}
    for symbol, container in containers(there):
        stop = int(container.get("StopTimeout", 30))
        drain = max((seconds for start, seconds in drains.items() if symbol.startswith(start)), default=0)
        if not drain + 10 <= stop <= 120:
            yield f"{symbol} is killed after {stop} s and drains for {drain} s"
    for symbol, resource in there.resources("AWS::ElasticLoadBalancingV2::TargetGroup"):
        attributes = {one["Key"]: one["Value"] for one in resource["Properties"]["TargetGroupAttributes"]}
        if int(attributes["deregistration_delay.timeout_seconds"]) < drains["api:"]:
            yield f"{symbol} forgets a task that still answers"


def messages_stay_hidden_and_live_long_enough(there):
    """Hidden for six times what a consumer may take, and dead letters are kept longer than messages."""
    factor = constant("jobs/src/sqs/config.rs", "VISIBILITY_FACTOR", r"(\d+)")
    timeout = int(there.outputs["ConsumerTimeoutSeconds"])
    for name in ("Audit", "Metrics"):
        queue = there.find(f"messaging:{name}Queue")["Properties"]
        dead = there.find(f"messaging:{name}DeadLetters")["Properties"]
        if int(queue["VisibilityTimeout"]) < max(6, factor) * timeout:
            yield f"{name}: hidden for {queue['VisibilityTimeout']} s, a consumer may take {timeout} s"
        if int(dead["MessageRetentionPeriod"]) <= int(queue["MessageRetentionPeriod"]):
            yield f"{name}: dead letters go as soon as messages"
        if queue["ReceiveMessageWaitTimeSeconds"] != 20:
            yield f"{name}: short polls"
        if queue["RedrivePolicy"]["deadLetterTargetArn"] != f"messaging:{name}DeadLetters.Arn":
            yield f"{name}: dead letters go elsewhere"
        allowed = dead["RedriveAllowPolicy"]["sourceQueueArns"]
        if allowed != [f"arn:aws:sqs:us-east-1:123456789012:{queue['QueueName']}"]:
            yield f"{name}: takes dead letters of {allowed}"
        stop = min(int(container["StopTimeout"]) for symbol, container in containers(there) if symbol.startswith("workers:"))
        if int(queue["VisibilityTimeout"]) < stop:
            yield f"{name}: a message is shown again while the task that has it still ends"
    for symbol, container in containers(there):
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        if symbol.startswith("workers:") and str(values.get("HOLDFAST_CONSUMER_TIMEOUT_S")) != str(timeout):
            yield f"{symbol} takes another time than the queue was made for"


def what_is_sent_can_be_sent_again(there):
    """The event log outlives dead letters, so that whatever they were about can be looked up and replayed."""
    for symbol, container in containers(there):
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        days = int(values.get("HOLDFAST_EVENT_DAYS", 35))
        dead = int(there.find("messaging:AuditDeadLetters")["Properties"]["MessageRetentionPeriod"]) / 86400
        if 0 < days <= dead:
            yield f"{symbol} keeps events for {days} days, dead letters live {dead}"


def alarms_come_before_the_least_is_lost(there):
    """The age that wakes somebody is far below the age at which messages are lost."""
    for name in ("Audit", "Metrics"):
        age = int(there.find(f"messaging:{name}QueueOldAlarm")["Properties"]["Threshold"])
        if age * 100 > int(there.find(f"messaging:{name}Queue")["Properties"]["MessageRetentionPeriod"]):
            yield f"{name}: told after {age} s"


def tasks_low_is_the_least_of_scaling(there):
    """The alarm of missing tasks and the scaling know the same least number."""
    for symbol, resource in there.resources("AWS::CloudWatch::Alarm"):
        if symbol.endswith("TasksLowAlarm"):
            target = there.find(symbol.removesuffix("TasksLowAlarm") + "Target")["Properties"]
            least = min([int(target["MinCapacity"]), *(int(one["ScalableTargetAction"]["MinCapacity"]) for one in target.get("ScheduledActions", []))])
            if int(resource["Properties"]["Threshold"]) != least:
                yield f"{symbol}: {resource['Properties']['Threshold']}, and scaling goes down to {least}"
    for symbol, resource in there.resources("AWS::ApplicationAutoScaling::ScalableTarget"):
        if int(resource["Properties"]["MinCapacity"]) > int(resource["Properties"]["MaxCapacity"]):
            yield f"{symbol}: least above most"


def attribute(there, key):
    listed = there.find("edge:LoadBalancer")["Properties"]["LoadBalancerAttributes"]
    return next(one["Value"] for one in listed if one["Key"] == key)


def api_values(there):
    (container,) = there.find("api:ApiTask")["Properties"]["ContainerDefinitions"]
    return {one["Name"]: one["Value"] for one in container["Environment"]}


def the_load_balancer_ends_connections(there):
    """Who waits longer for the next request is not the one that closes: else it closes what the other one just sent into."""
    idle = int(api_values(there).get("HOLDFAST_IDLE_MAX_S", default("HOLDFAST_IDLE_MAX_S")))
    balancer = int(attribute(there, "idle_timeout.timeout_seconds"))
    if idle <= balancer:
        yield f"the API waits {idle} s, the load balancer {balancer} s"


def the_api_knows_who_its_clients_are(there):
    """It believes what stands before it, in either place, and nobody else."""
    trusted = [ipaddress.ip_network(one) for one in api_values(there).get("HOLDFAST_TRUSTED_PROXIES", "").split(",") if one]
    for subnet in there.find("edge:LoadBalancer")["Properties"]["Subnets"]:
        address = ipaddress.ip_network(there.find(subnet)["Properties"]["CidrBlock"])
        if not any(address.subnet_of(one) for one in trusted):
            yield f"the load balancer in {subnet} counts as a client"
    link = there.find("edge:VpcLink")
    for subnet in link["Properties"]["SubnetIds"] if link else []:
        address = ipaddress.ip_network(there.find(subnet)["Properties"]["CidrBlock"])
        if not any(address.subnet_of(one) for one in trusted):
            yield f"the REST API's link in {subnet} counts as a client"
    yield from (f"{one} is believed" for one in trusted if not one.is_private or one.prefixlen < 16)


def the_firewall_lets_through_what_the_api_takes(there):
    """A caller within its own limit is not turned away, and neither are two of them behind one address."""
    rates = {}
    for rule in there.find("edge:Firewall")["Properties"]["Rules"]:
        rate = rule["Statement"].get("RateBasedStatement")
        if rate:
            rates[rule["Name"]] = int(rate["Limit"]) / rate["EvaluationWindowSec"]
    caller = int(default("HOLDFAST_RATE_KEY"))
    for name, least in (("PerCaller", caller), ("PerAddress", 2 * caller)):
        if rates[name] < least:
            yield f"{name} turns away from {rates[name]:.0f} a second on; the API lets {least} through"


def default(variable):
    """What the program takes where nothing is said."""
    return re.search(rf"^\| `{variable}` \|.*\| `(\d+)` \|$", CONFIGURATION.read_text(), re.MULTILINE)[1]


test_ends = everywhere(the_load_balancer_ends_connections)
test_clients = everywhere(the_api_knows_who_its_clients_are)
test_firewall = everywhere(the_firewall_lets_through_what_the_api_takes)
test_pools = everywhere(the_pools_fit_into_the_database)
test_stops = everywhere(stops_wait_for_drains)
test_messages = everywhere(messages_stay_hidden_and_live_long_enough)
test_replay = everywhere(what_is_sent_can_be_sent_again)
test_ages = everywhere(alarms_come_before_the_least_is_lost)
test_least = everywhere(tasks_low_is_the_least_of_scaling)

CONTAINER = ["ContainerDefinitions", 0]
ENVIRONMENT = ["ContainerDefinitions", 0, "Environment"]


def without(variable):
    def change(resource):
        container = resource["Properties"]["ContainerDefinitions"][0]
        container["Environment"] = [one for one in container["Environment"] if one["Name"] != variable]

    return change


test_ends_twins = twins(
    the_load_balancer_ends_connections,
    {
        "the API's own 75 s": ("prod", "api:ApiTask", without("HOLDFAST_IDLE_MAX_S")),
        "a load balancer that waits longer": ("dev", "edge:LoadBalancer", put(["LoadBalancerAttributes", 6, "Value"], "150")),
    },
)
test_clients_twins = twins(
    the_api_knows_who_its_clients_are,
    {
        "nobody is believed": ("prod", "api:ApiTask", without("HOLDFAST_TRUSTED_PROXIES")),
        "everybody is believed": ("prod", "api:ApiTask", put(ENVIRONMENT, [{"Name": "HOLDFAST_TRUSTED_PROXIES", "Value": "0.0.0.0/0"}])),
        "only the private subnets": ("dev", "api:ApiTask", put(ENVIRONMENT, [{"Name": "HOLDFAST_TRUSTED_PROXIES", "Value": "10.0.11.0/24,10.0.12.0/24"}])),
    },
)
test_firewall_twins = twins(
    the_firewall_lets_through_what_the_api_takes,
    {"one server alone is turned away": ("prod", "edge:Firewall", put(["Rules", 2, "Statement", "RateBasedStatement", "Limit"], 30000))},
)
test_pools_twins = twins(
    the_pools_fit_into_the_database,
    {
        "too many API tasks": ("prod", "api:ApiTarget", put(["MaxCapacity"], 60)),
        "too few connections": ("staging", "data:ClusterParameters", put(["Parameters", "max_connections"], 200)),
        "an alarm that is late": ("prod", "observability:DatabaseConnectionsHighAlarm", put(["Threshold"], 1900)),
    },
)
test_stops_twins = twins(
    stops_wait_for_drains,
    {
        "killed while it drains": ("prod", "api:ApiTask", put([*CONTAINER, "StopTimeout"], 20)),
        "longer than Fargate waits": ("prod", "workers:SagasTask", put([*CONTAINER, "StopTimeout"], 500)),
        "forgotten too soon": ("prod", "edge:BlueTargets", put(["TargetGroupAttributes", 0, "Value"], "5")),
    },
)
test_messages_twins = twins(
    messages_stay_hidden_and_live_long_enough,
    {
        "shown again too soon": ("prod", "messaging:AuditQueue", put(["VisibilityTimeout"], 60)),
        "dead letters go first": ("prod", "messaging:MetricsDeadLetters", put(["MessageRetentionPeriod"], 86400)),
        "short polls": ("prod", "messaging:AuditQueue", put(["ReceiveMessageWaitTimeSeconds"], 0)),
        "another's dead letters": ("prod", "messaging:AuditQueue", put(["RedrivePolicy", "deadLetterTargetArn"], "messaging:MetricsDeadLetters.Arn")),
        "anybody's dead letters": ("prod", "messaging:AuditDeadLetters", put(["RedriveAllowPolicy", "sourceQueueArns"], ["arn:aws:sqs:us-east-1:123456789012:other"])),
    },
)
test_replay_twins = twins(
    what_is_sent_can_be_sent_again,
    {"a log that is too short": ("prod", "workers:SagasTask", put([*CONTAINER, "Environment", 0], {"Name": "HOLDFAST_EVENT_DAYS", "Value": "14"}))},
)
test_ages_twins = twins(alarms_come_before_the_least_is_lost, {"late": ("prod", "messaging:AuditQueueOldAlarm", put(["Threshold"], 300000))})
test_least_twins = twins(
    tasks_low_is_the_least_of_scaling,
    {
        "an alarm below": ("prod", "workers:RelayTasksLowAlarm", put(["Threshold"], 0)),
        "least above most": ("prod", "workers:RelayTarget", put(["MinCapacity"], 50)),
    },
)


def test_the_documentation_says_how_many_connections():
    counts = per_task()
    assert set(counts) == {"Api", "Sagas", "Relay", "Audit", "Metrics", "Desk", "Calls"}
    assert counts["Api"] >= 15 and counts["Sagas"] >= 10 and min(counts.values()) >= 3, counts


def test_environments_grow():
    """Staging is made as production is, and smaller; production keeps everything longest."""
    order = [world(name) for name in ENVIRONMENTS]
    numbers = {
        "days of logs": lambda one: int(one.find("cluster:ApiLogs")["Properties"]["RetentionInDays"]),
        "days of backups": lambda one: int(one.find("data:Cluster")["Properties"]["BackupRetentionPeriod"]),
        "tasks of the API": lambda one: tasks_max(one, "Api"),
        "capacity": lambda one: float(one.find("data:Cluster")["Properties"]["ServerlessV2ScalingConfiguration"]["MaxCapacity"]),
    }
    for name, read in numbers.items():
        values = [read(one) for one in order]
        assert values == sorted(set(values)), f"{name}: {values}"
    kinds = [{resource["Type"] for _, resource in one.resources()} for one in order]
    assert kinds[2] - kinds[1] == {"AWS::RDS::GlobalCluster", "AWS::ECR::ReplicationConfiguration", "AWS::SecretsManager::SecretTargetAttachment"}
    archive = world("prod").find("security:LogBucket")["Properties"]["LifecycleConfiguration"]["Rules"][0]
    assert int(archive["ExpirationInDays"]) >= 365


def test_a_second_region_follows_the_first():
    """The same template is the other end of the global database: it has no master and no database of its own."""

    def follow(_, parameters):
        parameters["data"] |= {"GlobalClusterToJoin": "holdfast-prod-global"}

    cluster = World("prod", follow).find("data:Cluster")["Properties"]
    assert cluster["GlobalClusterIdentifier"] == "holdfast-prod-global"
    assert not {"MasterUsername", "MasterUserPassword", "ManageMasterUserPassword", "DatabaseName"} & set(cluster)
