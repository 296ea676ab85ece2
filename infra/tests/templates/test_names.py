"""Names that templates and code share: variables, commands, roles, queues, ports, paths."""

import json
import pathlib
import re

import pytest

from spoil import everywhere, put, twins
from world import ROOT, strings, world

NAMES = json.loads((pathlib.Path(__file__).parent / "names.json").read_text())
VARIABLE = re.compile(r'"((?:DATABASE|HOLDFAST|OTEL|SQS)_[A-Z0-9_]+)"')


def source(path):
    """All Rust below a folder of the repository."""
    return "".join(file.read_text() for file in sorted((ROOT / path).rglob("*.rs")))


def containers(there):
    for symbol, resource in there.resources("AWS::ECS::TaskDefinition"):
        for container in resource["Properties"]["ContainerDefinitions"]:
            yield symbol, container


def variables_are_those_of_the_program(there):
    """A container is given no variable that its program does not read, and none twice."""
    for symbol, container in containers(there):
        program = container["EntryPoint"][0].rpartition("/")[2]
        known = {name for group in NAMES["programs"][program] for name in NAMES["groups"][group]["names"]}
        given = [one["Name"] for one in container.get("Environment", []) + container.get("Secrets", [])]
        yield from (f"{symbol}: {program} does not know {name}" for name in sorted(set(given) - known))
        yield from (f"{symbol}: {name} twice" for name in sorted({name for name in given if given.count(name) > 1}))


@pytest.mark.parametrize("group", sorted(NAMES["groups"]))
def test_each_variable_is_read_by_the_code(group):
    """The table of names is that of the code."""
    entry = NAMES["groups"][group]
    if not (ROOT / entry["from"]).exists():
        pytest.skip(f"{entry['from']} is not there yet")
    assert sorted(set(entry["names"]) - set(VARIABLE.findall(source(entry["from"])))) == []


def test_each_variable_is_documented():
    text = (ROOT / "docs" / "CONFIGURATION.md").read_text()
    names = {name for entry in NAMES["groups"].values() if (ROOT / entry["from"]).exists() for name in entry["names"]}
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_each_name_of_the_table_is_given_somewhere():
    given = {one["Name"] for _, container in containers(world("prod")) for one in container["Environment"] + container.get("Secrets", [])}
    assert given == {name for entry in NAMES["groups"].values() for name in entry["names"]}


def roles_of_the_code():
    return set(re.findall(r'\(Role::\w+, "(\w+)"\)', (ROOT / "jobs/src/role.rs").read_text()))


def commands_are_those_of_the_program(there):
    """What a container runs, the program's usage has."""
    usage = (ROOT / "jobs/src/main.rs").read_text()
    usage = usage[usage.index("const USAGE") : usage.index('";')]
    commands = [(symbol, container["Command"]) for symbol, container in containers(there) if container["EntryPoint"] == ["/usr/local/bin/holdfast-jobs"]]
    for symbol, resource in there.resources("AWS::Scheduler::Schedule"):
        for override in json.loads(resource["Properties"]["Target"]["Input"])["containerOverrides"]:
            commands.append((symbol, override["command"]))
            if override["name"] != "jobs":
                yield f"{symbol} is for a container {override['name']}"
    for symbol, command in commands:
        if command[:2] == ["run", "--roles"]:
            if not set(command[2].split(",")) <= roles_of_the_code():
                yield f"{symbol} has a role {command[2]}"
        else:
            yield from (f"{symbol}: the program knows no {word}" for word in command if word not in usage)
    migrate = (ROOT / "migration/src/main.rs").read_text()
    for symbol, container in containers(there):
        if container["EntryPoint"] == ["/usr/local/bin/holdfast-migrate"] and f'"{container["Command"][0]}"' not in migrate:
            yield f"{symbol}: the program knows no {container['Command']}"


def test_every_role_has_a_service():
    given = {container["Command"][2] for symbol, container in containers(world("prod")) if symbol.startswith("workers:")}
    assert given == roles_of_the_code()


@pytest.mark.skipif(not (ROOT / "jobs/src/database_token.rs").exists(), reason="jobs/src/database_token.rs is not there yet")
def test_the_command_that_prints_a_token_is_there():
    usage = (ROOT / "jobs/src/main.rs").read_text()
    for name, container in containers(world("prod")):
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        program, command = values["DATABASE_PASSWORD_COMMAND"].split()
        assert program == "/usr/local/bin/holdfast-jobs" and f'["{command}"]' in usage, name
        assert values["DATABASE_SSLMODE"] == "verify-full", name


def services_are_looked_at(there):
    """Each container of a service is asked by a program of the image, for its life and not for the database's."""
    probe = ROOT / "api/src/probe.rs"
    for symbol, container in containers(there):
        if not symbol.startswith(("api:", "workers:")):
            continue
        command = container.get("HealthCheck", {}).get("Command", [])
        if command[:4] != ["CMD", "/usr/local/bin/holdfast-api", "health", "live"] or not probe.exists():
            yield f"{symbol} is asked by {command}"
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        if command[4:] != [values[name] for name in ("HOLDFAST_METRICS_ADDR",) if name in values]:
            yield f"{symbol} is asked at {command[4:]}"
        if values.get("HOLDFAST_NEWER_SCHEMA") != "accept":
            yield f"{symbol} cannot come back after a migration"


def test_the_files_that_containers_name_are_in_the_image():
    dockerfile = (ROOT / "Dockerfile").read_text()
    for symbol, container in containers(world("prod")):
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        assert f" {values['DATABASE_SSLROOTCERT']}\n" in dockerfile, symbol
        assert f"USER {container['User']}:" in dockerfile, symbol


def queues_are_those_of_the_code(there):
    """Queues have the names that holdfast-jobs has by default, and dead-letter queues those that it would give them."""
    config = (ROOT / "jobs/src/sqs/config.rs").read_text()
    connect = (ROOT / "jobs/src/sqs/connect.rs").read_text()
    wanted = set(re.findall(r'queue\(\w+, "([\w-]+)"\)', config))
    queues = {symbol: resource["Properties"] for symbol, resource in there.resources("AWS::SQS::Queue") if symbol.startswith("messaging:")}
    names = {one["QueueName"] for one in queues.values()}
    if names != wanted | {f"{name}-dlq" for name in wanted}:
        yield f"queues {sorted(names)}, and the code has {sorted(wanted)}"
    receives = int(re.search(r"RECEIVE_COUNT_MAX: u32 = (\d+)", connect)[1])
    kept = int(re.search(r'DEAD_LETTERS_KEPT_S: &str = "(\d+)"', connect)[1])
    for symbol, queue in queues.items():
        if "RedrivePolicy" in queue and int(queue["RedrivePolicy"]["maxReceiveCount"]) != receives:
            yield f"{symbol}: {queue['RedrivePolicy']['maxReceiveCount']} receives, in development {receives}"
        if "RedriveAllowPolicy" in queue and int(queue["MessageRetentionPeriod"]) != kept:
            yield f"{symbol} keeps dead letters for {queue['MessageRetentionPeriod']} s, in development {kept}"


def ports_and_paths_are_those_of_the_api(there):
    """The load balancer asks the port that the API listens at, for a path that it has; operators' port is the task's own."""
    router = source("api/src")
    for symbol, container in containers(there):
        values = {one["Name"]: one["Value"] for one in container["Environment"]}
        if "HOLDFAST_API_ADDR" in values:
            port = int(values["HOLDFAST_API_ADDR"].rpartition(":")[2])
            if [one["ContainerPort"] for one in container["PortMappings"]] != [port]:
                yield f"{symbol} listens at {port}"
            if not values["HOLDFAST_ADMIN_ADDR"].startswith("127.0.0.1:"):
                yield f"{symbol} shows operators' calls to others"
            for target, resource in there.resources("AWS::ElasticLoadBalancingV2::TargetGroup"):
                if int(resource["Properties"]["Port"]) != port:
                    yield f"{target} asks another port"
                if f'"{resource["Properties"]["HealthCheckPath"]}"' not in router:
                    yield f"{target} asks for a path that the API does not have"


test_variables = everywhere(variables_are_those_of_the_program)
test_commands = everywhere(commands_are_those_of_the_program)
test_queues = everywhere(queues_are_those_of_the_code)
test_ports = everywhere(ports_and_paths_are_those_of_the_api)
test_services = everywhere(services_are_looked_at)

CONTAINER = ["ContainerDefinitions", 0]
test_variables_twins = twins(
    variables_are_those_of_the_program,
    {
        "a variable that nobody reads": ("prod", "workers:SagasTask", put([*CONTAINER, "Environment", 0, "Name"], "DATABASE_HOSTNAME")),
        "the workers' variable for the API": ("prod", "api:ApiTask", put([*CONTAINER, "Environment", 0, "Name"], "HOLDFAST_QUEUE_AUDIT_URL")),
        "one twice": ("prod", "migrate:MigrateTask", put([*CONTAINER, "Environment", 0, "Name"], "DATABASE_USER")),
    },
)
test_commands_twins = twins(
    commands_are_those_of_the_program,
    {
        "a role that is none": ("prod", "workers:RelayTask", put([*CONTAINER, "Command"], ["run", "--roles", "sender"])),
        "a command that is none": ("prod", "scheduled:AuditSchedule", put(["Target", "Input"], '{"containerOverrides": [{"name": "jobs", "command": ["audit-check"]}]}')),
        "a container that is none": ("prod", "scheduled:AuditSchedule", put(["Target", "Input"], '{"containerOverrides": [{"name": "job", "command": ["audit-verify"]}]}')),
    },
)
test_services_twins = twins(
    services_are_looked_at,
    {
        "nobody asks": ("prod", "workers:SagasTask", put([*CONTAINER, "HealthCheck"], None)),
        "asked for the database": ("prod", "api:ApiTask", put([*CONTAINER, "HealthCheck", "Command", 3], "ready")),
        "asked at another port": ("prod", "workers:DeskTask", put([*CONTAINER, "HealthCheck", "Command", 4], "127.0.0.1:9000")),
    },
)
test_queues_twins = twins(
    queues_are_those_of_the_code,
    {
        "another name": ("prod", "messaging:AuditQueue", put(["QueueName"], "audit")),
        "more receives": ("prod", "messaging:AuditQueue", put(["RedrivePolicy", "maxReceiveCount"], 9)),
        "shorter memory": ("prod", "messaging:AuditDeadLetters", put(["MessageRetentionPeriod"], 86400)),
    },
)
test_ports_twins = twins(
    ports_and_paths_are_those_of_the_api,
    {
        "another port": ("prod", "edge:GreenTargets", put(["Port"], 80)),
        "another path": ("prod", "edge:BlueTargets", put(["HealthCheckPath"], "/healthz")),
        "operators' calls for all": ("prod", "api:ApiTask", put([*CONTAINER, "Environment", 8, "Value"], "0.0.0.0:8081")),
    },
)


def test_no_password_stands_in_a_template():
    """Secrets come from Secrets Manager, and settings hold none."""
    for environment in ("dev", "prod"):
        for symbol, container in containers(world(environment)):
            for one in container["Environment"]:
                assert not re.search(r"(TOKEN|SECRET|PASSWORD)$", one["Name"]), symbol
        assert not [one for one in strings(world(environment).parameters) if re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN|postgres://", one)]
