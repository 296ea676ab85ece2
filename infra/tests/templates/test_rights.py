"""Who may do what: every statement of every policy of every role."""

import re

from spoil import everywhere, put, twins
from world import ENVIRONMENTS, INFRA, listed, world

ROLE, ROLE_POLICY, MANAGED = "AWS::IAM::Role", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"

# Actions that AWS knows for no resource in particular.
WITHOUT_RESOURCE = {
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:ValidateTemplate",
    "cloudformation:GetTemplateSummary",
    "cloudwatch:DescribeAlarms",
    "ecr:GetAuthorizationToken",
    "logs:DescribeLogGroups",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
# Statements that may say more, each with its reason.
WIDE = {
    "bootstrap:PermissionsBoundary": "a boundary grants nothing; it only limits",
    "bootstrap:CloudFormationRole/ServicesOfTheTemplates": "templates may use any part of these services; only CloudFormation takes it",
    "bootstrap:CloudFormationRole/NotItself": "a denial",
}
# Roles that a service takes without saying for which account, with what they can do then.
UNNAMED_ACCOUNT = {"edge:GatewayLogRole": "API Gateway tries it when it is set; it only writes logs"}


def statements(there):
    """(who, role symbol or none, statement) for every statement of an identity's policy."""
    for symbol, resource in there.resources(ROLE):
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield f"{symbol}/{statement.get('Sid', policy['PolicyName'])}", symbol, statement
    for symbol, resource in there.resources(ROLE_POLICY):
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            yield f"{symbol}/{statement.get('Sid', '')}", resource["Properties"]["RoleName"], statement
    for symbol, resource in there.resources(MANAGED):
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            yield symbol, None, statement


def no_statement_is_wide(there):
    """No action with `*`, and no resource `*` but for actions that know none."""
    for who, _, statement in statements(there):
        if who in WIDE:
            continue
        actions = listed(statement["Action"])
        yield from (f"{who}: {action}" for action in actions if "*" in action)
        if "*" in listed(statement["Resource"]) and not set(actions) <= WITHOUT_RESOURCE:
            yield f"{who}: {sorted(set(actions) - WITHOUT_RESOURCE)} on everything"
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{who}: says what it does not mean"


def roles_are_bounded_and_taken_by_one_service(there):
    """Every role has the boundary; it is taken by one service of this account, or by one branch or environment."""
    for symbol, resource in there.resources(ROLE):
        properties = resource["Properties"]
        if not symbol.startswith("bootstrap:") and properties.get("PermissionsBoundary") != "bootstrap:PermissionsBoundary":
            yield f"{symbol} has no boundary"
        if not properties.get("Path", "").startswith(f"/holdfast/{there.environment}/"):
            yield f"{symbol} is not under our path"
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
            principal, equal = statement["Principal"], statement.get("Condition", {}).get("StringEquals", {})
            if set(principal) == {"Service"} and isinstance(principal["Service"], str):
                if equal.get("aws:SourceAccount") != "123456789012" and symbol not in UNNAMED_ACCOUNT:
                    yield f"{symbol} can be taken for another account"
            elif set(principal) == {"Federated"}:
                subject = equal.get("token.actions.githubusercontent.com:sub", "*")
                if "*" in subject or equal.get("token.actions.githubusercontent.com:aud") != "sts.amazonaws.com":
                    yield f"{symbol} can be taken by {subject}"
            else:
                yield f"{symbol} can be taken by {principal}"
        for arn in properties.get("ManagedPolicyArns", []):
            if not re.search(r"policy/(service-role/)?(AmazonRDSEnhanced|AWSBackupServiceRole|AWSLambdaVPC|AmazonAPIGatewayPushTo|AmazonECSInfrastructureRolePolicyFor)\w+$", arn):
                yield f"{symbol} has {arn}"


def the_boundary_lets_roles_do_their_work(there):
    """What a role may do, the boundary must allow; else it is a right on paper."""
    allowed = set()
    for statement in there.find("bootstrap:PermissionsBoundary")["Properties"]["PolicyDocument"]["Statement"]:
        allowed |= set(listed(statement["Action"])) if "ArnLike" not in statement.get("Condition", {}) else set()
    for who, role, statement in statements(there):
        if role and not role.startswith("bootstrap:"):
            yield from (f"{who}: {action} is beyond the boundary" for action in sorted(set(listed(statement["Action"])) - allowed))


def may(there, action):
    """Which roles may do something, and to what: {role: {resource}}."""
    granted = {}
    for _, role, statement in statements(there):
        if role and statement["Effect"] == "Allow" and action in listed(statement["Action"]):
            granted.setdefault(role, set()).update(listed(statement["Resource"]))
    return granted


def only_the_relay_sends_events(there):
    """New events come from the relay. The desk puts back what was there; consumers set aside into their own."""
    audit, metrics = "messaging:AuditQueue.Arn", "messaging:MetricsQueue.Arn"
    wanted = {
        "workers:RelayRole": {audit, metrics},
        "workers:DeskRole": {audit, metrics},
        "workers:AuditRole": {"messaging:AuditDeadLetters.Arn"},
        "workers:MetricsRole": {"messaging:MetricsDeadLetters.Arn"},
        "scheduled:SchedulerRole": {"scheduled:DroppedSchedules.Arn"},
    }
    sends = may(there, "sqs:SendMessage")
    if sends != wanted:
        yield f"sqs:SendMessage: {sends}"
    receives = may(there, "sqs:ReceiveMessage")
    wanted = {
        "workers:AuditRole": {audit},
        "workers:MetricsRole": {metrics},
        "workers:DeskRole": {"messaging:AuditDeadLetters.Arn", "messaging:MetricsDeadLetters.Arn"},
    }
    if receives != wanted:
        yield f"sqs:ReceiveMessage: {receives}"
    for who, role, statement in statements(there):
        if role == "api:ApiRole" and any(action.startswith(("sqs:", "sns:")) for action in listed(statement["Action"])):
            yield f"{who}: the API calls no queue"
        if role and any(action == "sns:Publish" for action in listed(statement["Action"])):
            yield f"{who}: nobody publishes to topics"


def each_task_has_its_own_user_of_the_database(there):
    """Users differ by what they may do: the API changes rows, workers make and drop partitions, checks only read."""
    users = {role: {arn.rsplit("/", 1)[1] for arn in arns} for role, arns in may(there, "rds-db:connect").items()}
    for role, names in users.items():
        wanted = {"migrate": "holdfast_migrate", "scheduled": "holdfast_check", "api": "holdfast_app", "workers": "holdfast_worker"}
        if names != {wanted[role.partition(":")[0]]}:
            yield f"{role} is {names}"
        created = re.findall(r"CREATE ROLE (\w+) LOGIN", (INFRA / "database" / "roles.sql").read_text())
        yield from (f"{name} is not made by database/roles.sql" for name in sorted(names - set(created)))
    for symbol, resource in there.resources("AWS::ECS::TaskDefinition"):
        properties = resource["Properties"]
        role = properties["TaskRoleArn"].removesuffix(".Arn")
        for container in properties["ContainerDefinitions"]:
            user = {one["Name"]: one["Value"] for one in container["Environment"]}.get("DATABASE_USER")
            if {user} != users.get(role):
                yield f"{symbol} logs in as {user}, and its role may be {users.get(role)}"


def only_calls_see_the_tokens_of_providers(there):
    for symbol, resource in there.resources("AWS::ECS::TaskDefinition"):
        for container in resource["Properties"]["ContainerDefinitions"]:
            for secret in container.get("Secrets", []):
                field = secret["ValueFrom"].removesuffix("::").rpartition(":")[2]
                if field.endswith("_token") != (symbol == "workers:CallsTask" and secret["Name"].endswith("_TOKEN")):
                    yield f"{symbol} sees {field} as {secret['Name']}"


test_no_statement_is_wide = everywhere(no_statement_is_wide)
test_roles_are_bounded = everywhere(roles_are_bounded_and_taken_by_one_service)
test_the_boundary_lets_roles_do_their_work = everywhere(the_boundary_lets_roles_do_their_work)
test_only_the_relay_sends_events = everywhere(only_the_relay_sends_events)
test_each_task_has_its_own_user = everywhere(each_task_has_its_own_user_of_the_database)
test_only_calls_see_tokens = everywhere(only_calls_see_the_tokens_of_providers)

POLICY = ["PolicyDocument", "Statement", 0]
INLINE = ["Policies", 0, "PolicyDocument", "Statement", 0]
TRUST = ["AssumeRolePolicyDocument", "Statement", 0]
test_wide_twins = twins(
    no_statement_is_wide,
    {
        "every action of SQS": ("prod", "workers:RelayPolicy", put([*POLICY, "Action"], "sqs:*")),
        "every queue": ("prod", "workers:RelayPolicy", put([*POLICY, "Resource"], "*")),
        "every secret": ("prod", "cluster:ExecutionRole", put([*INLINE, "Action"], ["secretsmanager:GetSecretValue"])),
        "all but": ("prod", "workers:DeskPolicy", put([*POLICY, "NotAction"], "sqs:DeleteQueue")),
    },
)
test_bounded_twins = twins(
    roles_are_bounded_and_taken_by_one_service,
    {
        "no boundary": ("prod", "api:ApiRole", put(["PermissionsBoundary"], None)),
        "another account": ("prod", "workers:SagasRole", put([*TRUST, "Condition", "StringEquals"], {})),
        "any branch": ("prod", "bootstrap:DeployRole", put([*TRUST, "Condition", "StringEquals", "token.actions.githubusercontent.com:sub"], "repo:example/holdfast:*")),
        "anybody": ("prod", "scheduled:SchedulerRole", put([*TRUST, "Principal"], {"AWS": "*"})),
        "administrator": ("prod", "data:BackupRole", put(["ManagedPolicyArns"], ["arn:aws:iam::aws:policy/AdministratorAccess"])),
    },
)
test_boundary_twins = twins(
    the_boundary_lets_roles_do_their_work,
    {"a right on paper": ("prod", "workers:DeskPolicy", put([*POLICY, "Action"], ["sqs:ReceiveMessage", "s3:GetObject"]))},
)
test_sends_twins = twins(
    only_the_relay_sends_events,
    {
        "the API sends": ("prod", "api:ApiRole", put([*INLINE, "Action"], ["rds-db:connect", "sqs:SendMessage"])),
        "a saga worker sends": ("prod", "workers:SagasRole", put([*INLINE, "Action"], ["sqs:SendMessage"])),
        "a consumer sends events": ("prod", "workers:AuditPolicy", put(["PolicyDocument", "Statement", 1, "Resource"], "messaging:AuditQueue.Arn")),
        "a consumer reads another's queue": ("prod", "workers:AuditPolicy", put([*POLICY, "Resource"], "messaging:MetricsQueue.Arn")),
    },
)
test_users_twins = twins(
    each_task_has_its_own_user_of_the_database,
    {"the API changes the schema": ("prod", "api:ApiRole", put([*INLINE, "Resource"], "arn:aws:rds-db:us-east-1:123456789012:dbuser:x/holdfast_migrate"))},
)
SECRETS = ["ContainerDefinitions", 0, "Secrets", 1, "ValueFrom"]
test_tokens_twins = twins(
    only_calls_see_the_tokens_of_providers,
    {"a consumer with a token": ("prod", "workers:AuditTask", put(SECRETS, "cluster:ProviderSecret:payout_token::"))},
)


def test_only_the_pipeline_outside_of_production_may_read_a_clients_secret():
    for environment in ENVIRONMENTS:
        readers = may(world(environment), "cognito-idp:DescribeUserPoolClient")
        assert set(readers) == (set() if environment == "prod" else {"bootstrap:DeployRole"}), environment


def test_the_pipeline_cannot_change_itself():
    there = world("prod")
    statements_of = {who: one for who, role, one in statements(there) if role == "bootstrap:CloudFormationRole"}
    denied = statements_of["bootstrap:CloudFormationRole/NotItself"]
    assert denied["Effect"] == "Deny" and any("/pipeline/" in one for one in denied["Resource"])
    create = statements_of["bootstrap:CloudFormationRole/RolesWithTheBoundary"]
    assert create["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": "bootstrap:PermissionsBoundary"}}
