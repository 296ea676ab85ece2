"""Parameters: where values come from, what is refused, and the tags of everything."""

import json

import cfnlint.schema.manager
import pytest

import cfn
from world import ENVIRONMENTS, INFRA, ORDER, World, parameters, raw, world

# Types that CloudFormation can give no tags to. None of them is billed by itself but the dashboard, the record and the schedule.
UNTAGGED = {
    "AWS::ApiGateway::Account", "AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource", "AWS::ApiGateway::UsagePlanKey", "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Backup::BackupSelection", "AWS::Backup::RestoreTestingSelection", "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolResourceServer", "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::Route", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetNetworkAclAssociation", "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment", "AWS::ECR::ReplicationConfiguration", "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::SecretTargetAttachment", "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_value_is_allowed(environment):
    there = world(environment)
    assert [one for stack in there.stacks.values() for one in stack.wrong_values()] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_rule_of_the_templates_holds(environment):
    there = world(environment)
    assert [one for stack in there.stacks.values() for one in stack.broken_rules()] == []


def test_every_parameter_says_what_it_is():
    for stack in ORDER:
        for name, declared in raw(stack).get("Parameters", {}).items():
            assert declared.get("Description", "").endswith("."), f"{stack}: {name}"
        for name, output in raw(stack).get("Outputs", {}).items():
            assert name.startswith("Fn::") or output.get("Description"), f"{stack}: {name}"
        assert raw(stack)["Description"].strip(), stack


def test_what_comes_from_another_stack_says_so_and_does():
    """`From the stack X` is no wish: X comes before, and has that output."""
    there = world("prod")
    for stack in ORDER:
        for name, declared in raw(stack).get("Parameters", {}).items():
            description = declared["Description"]
            if description.startswith("From the stack "):
                origin = description.removeprefix("From the stack ").split(",")[0].split(".")[0].strip()
                assert ORDER.index(origin) < ORDER.index(stack), f"{stack}: {name}"
                assert name in there.stacks[origin].outputs, f"{stack}: {name} of {origin}"
                assert there.sources[stack, name] in ("output", "file")
            else:
                assert there.sources.get((stack, name)) != "output", f"{stack}: {name} comes from an earlier stack"


# Refused by a pattern, a list or a range.
BAD_VALUES = [
    ("network", "VpcId", "subnet-0123456789abcdef0"),
    ("network", "ZoneCount", "1"),
    ("network", "EgressMode", "nat"),
    ("bootstrap", "GitHubRepository", "holdfast"),
    ("data", "BackupDays", "3"),
    ("data", "MinCapacity", "0"),
    ("data", "MaxConnections", "10"),
    ("data", "InstanceClass", "db.t3.micro"),
    ("data", "EngineVersion", "15.4"),
    ("messaging", "FallbackEmail", "nobody"),
    ("messaging", "RetentionSeconds", "1209600"),
    ("edge", "CertificateArn", "none"),
    ("edge", "FirewallMode", "Off"),
    ("api", "ImageUri", "holdfast:latest"),
    ("api", "ImageUri", "123456789012.dkr.ecr.us-east-1.amazonaws.com/holdfast:abc123"),
    ("api", "MinTasks", "0"),
    ("api", "FourEyesPlanItems", "0"),
    ("api", "FourEyesAmountMinor", "10,000"),
    ("edge", "ConsolePort", "80"),
    ("api", "AuthIssuer", "http://issuer.example.com"),
    ("workers", "SagasTasks", "2,many"),
    ("cluster", "LogDays", "14"),
]


@pytest.mark.parametrize("stack,name,value", BAD_VALUES)
def test_a_bad_value_is_refused(stack, name, value):
    def change(_, given):
        given[stack][name] = value

    there = World("staging", change)
    assert any(f"{stack}: {name} is" in one for one in there.stacks[stack].wrong_values())


# Allowed one by one, refused together: (environment, stack, what is set, words of the assertion).
BROKEN = [
    ("prod", "network", {"ZoneCount": "2"}, "three zones"),
    ("prod", "network", {"EgressMode": "nat-single"}, "way out of another"),
    ("staging", "network", {"EgressMode": "none"}, "public addresses"),
    ("prod", "network", {"VpcId": "vpc-0123456789abcdef0"}, "internet gateway"),
    ("prod", "security", {"OutsideCidrs": "203.0.113.0/24,0.0.0.0/0"}, "may reach"),
    ("prod", "security", {"FlowLogs": "false"}, "logs its traffic"),
    ("prod", "data", {"DeletionProtection": "false"}, "protected"),
    ("prod", "data", {"BackupDays": "7"}, "35 days"),
    ("prod", "data", {"DrMode": "none"}, "loss of a region"),
    ("prod", "data", {"ReaderCount": "0"}, "take over"),
    ("prod", "data", {"MinCapacity": "0.5"}, "capacity unit"),
    ("staging", "data", {"CopyVaultArn": ""}, "vault"),
    ("staging", "data", {"GlobalClusterToJoin": "holdfast-prod-global"}, "global"),
    ("prod", "edge", {"FirewallMode": "Count"}, "blocks"),
    ("prod", "edge", {"DeletionProtection": "false"}, "protected"),
    ("prod", "api", {"MinTasks": "1"}, "more than one"),
    ("prod", "api", {"AssignPublicIp": "ENABLED"}, "public address"),
    ("prod", "api", {"FourEyesPlanItems": ""}, "redrive plan of production"),
    ("prod", "api", {"FourEyesAmountMinor": ""}, "forced transfer of production"),
    ("prod", "api", {"UserPoolIssuer": ""}, "issuer of tokens"),
    ("prod", "api", {"AuthIssuer": "https://login.example.com/"}, "audience"),
    ("prod", "workers", {"UseSpot": "true"}, "taken back"),
    ("prod", "workers", {"AssignPublicIp": "ENABLED"}, "public address"),
]


@pytest.mark.parametrize("environment,stack,given,words", BROKEN)
def test_a_combination_that_must_not_be_is_refused(environment, stack, given, words):
    def change(_, values):
        values[stack] |= given

    there = World(environment, change)
    assert any(words in one for one in there.stacks[stack].broken_rules())


def test_a_value_that_no_template_knows_is_a_mistake():
    with pytest.raises(cfn.TemplateError):
        World("dev", lambda _, given: given["network"].update(Zones="2"))


def test_a_value_that_nobody_gives_is_a_mistake():
    with pytest.raises(cfn.TemplateError):
        World("dev", lambda raws, _: raws["network"]["Outputs"].pop("AppSubnetIds"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_has_its_tags(environment):
    """deploy.sh gives them to each stack, and CloudFormation to each resource that can have some."""
    tags = parameters(environment)["tags"]
    assert set(tags) == {"Environment", "Project", "Owner", "CostCenter"}
    assert tags["Environment"] == environment and all(tags.values())
    deploy = INFRA / "deploy.sh"
    if deploy.exists():
        scripts = [deploy, *sorted((INFRA / "lib").glob("*.sh"))]
        assert any("--tags" in script.read_text() for script in scripts)


def test_what_can_have_tags_gets_them():
    """Every type of ours either takes tags of its stack or is known to take none."""
    manager = cfnlint.schema.manager.ProviderSchemaManager()
    untagged = set()
    for kind in {resource["Type"] for name in ENVIRONMENTS for _, resource in world(name).resources()}:
        schema = manager.get_resource_schema("us-east-1", kind).schema
        taggable = schema.get("tagging", {}).get("taggable", schema.get("taggable", True))
        if not taggable or not any("Tag" in name for name in schema["properties"]):
            untagged.add(kind)
    assert untagged == UNTAGGED


def test_what_starts_tasks_hands_its_tags_on():
    for _, resource in world("prod").resources("AWS::Scheduler::Schedule"):
        assert resource["Properties"]["Target"]["EcsParameters"]["PropagateTags"] == "TASK_DEFINITION"


def test_parameter_files_are_made_alike():
    """The same stacks in the same order, so that two environments can be compared line by line."""
    for environment in ENVIRONMENTS:
        given = json.loads((INFRA / "cloudformation" / "parameters" / f"{environment}.json").read_text())
        assert list(given) == ["tags", *ORDER]
        assert all(isinstance(value, str) for stack in given.values() for value in stack.values())
