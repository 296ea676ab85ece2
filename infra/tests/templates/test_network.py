"""Who can reach whom, worked out from all security groups, routes and network ACLs together."""

from spoil import everywhere, gone, put, twins
from world import World, listed

GROUP, INGRESS, EGRESS = (f"AWS::EC2::SecurityGroup{kind}" for kind in ("", "Ingress", "Egress"))
INTERNET = "internet"
# Whom each group may be reached by, and at which ports. Nothing else may be there.
WAYS = {
    ("Hook", "LoadBalancer", 8443),
    ("LoadBalancer", "Api", 8080),
    ("Api", "Database", 5432),
    ("Worker", "Database", 5432),
    ("Migrate", "Database", 5432),
    ("Api", "Endpoint", 443),
    ("Worker", "Endpoint", 443),
    ("Migrate", "Endpoint", 443),
}
WAYS_IN = {
    "alb": {(INTERNET, "LoadBalancer", 80), (INTERNET, "LoadBalancer", 443)},
    "rest-api": {("Link", "LoadBalancer", 443)},
}


def short(group):
    return str(group).partition(":")[2].partition(".")[0].removesuffix("SecurityGroup")


def rules(there, kind, inline, other):
    """(group, peer, from port, to port) of every rule of one direction, whether it stands alone or in its group."""
    for symbol, resource in there.resources(GROUP):
        for rule in resource["Properties"].get(inline, []):
            yield short(symbol), peer(rule, other), int(rule.get("FromPort", -1)), int(rule.get("ToPort", -1))
    for _, resource in there.resources(kind):
        rule = resource["Properties"]
        yield short(rule["GroupId"]), peer(rule, other), int(rule.get("FromPort", -1)), int(rule.get("ToPort", -1))


def peer(rule, other):
    if other in rule:
        return short(rule[other])
    if "CidrIp" in rule:
        return INTERNET if rule["CidrIp"] == "0.0.0.0/0" else rule["CidrIp"]
    return "prefix list"


def only_the_stated_ways_are_open(there):
    """Each way is open at both ends, and there is no other one."""
    wanted = WAYS | WAYS_IN[there.outputs["EdgeMode"]]
    incoming = {
        (source, group, port)
        for group, source, low, high in rules(there, INGRESS, "SecurityGroupIngress", "SourceSecurityGroupId")
        for port in (low, high)
    }
    yield from (f"{way} is open" for way in sorted(incoming - wanted))
    yield from (f"{way} is closed" for way in sorted(wanted - incoming))
    outgoing = {
        (group, target, port)
        for group, target, low, high in rules(there, EGRESS, "SecurityGroupEgress", "DestinationSecurityGroupId")
        for port in (low, high)
        if target not in ("127.0.0.1/32",)
    }
    tasks = {"Api", "Worker", "Migrate"}
    for group, target, port in sorted(outgoing):
        if (group, target, port) in wanted or (group in tasks and target == "prefix list" and port == 443):
            continue
        outside = listed(there.parameters["security"].get("OutsideCidrs", "").split(","))
        allowed = target in outside or (target == INTERNET and "0.0.0.0/0" in outside)
        if not (group in tasks and port == 443 and allowed):
            yield f"{group} may call {target}:{port}"
    for way in sorted(wanted - outgoing):
        if way[0] != INTERNET:
            yield f"{way[0]} may not call {way[1]}:{way[2]}"


def no_group_has_the_default_way_out(there):
    """A group without a rule of its own may call everybody."""
    for symbol, resource in there.resources(GROUP):
        if not resource["Properties"].get("SecurityGroupEgress"):
            yield f"{symbol} may call everybody"


def things_wear_their_groups(there):
    """Tasks, database, load balancer and endpoints are in the groups that the rules are about."""
    wanted = {"AWS::RDS::DBCluster": "Database", "AWS::ElasticLoadBalancingV2::LoadBalancer": "LoadBalancer"}
    for symbol, resource in there.resources("AWS::ECS::Service", *wanted):
        properties, kind = resource["Properties"], resource["Type"]
        if kind == "AWS::ECS::Service":
            groups = properties["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
            expected = "Api" if symbol.startswith("api:") else "Worker"
        else:
            groups = properties.get("VpcSecurityGroupIds") or properties.get("SecurityGroups")
            expected = wanted[kind]
        if [short(group) for group in groups] != [expected]:
            yield f"{symbol} is in {groups}"
    for symbol, resource in there.resources("AWS::EC2::VPCEndpoint"):
        properties = resource["Properties"]
        if properties["VpcEndpointType"] == "Interface" and [short(one) for one in properties["SecurityGroupIds"]] != ["Endpoint"]:
            yield f"{symbol} is in {properties['SecurityGroupIds']}"


def the_database_has_no_way_out(there):
    """Its subnets have no route, its network ACL lets the application in and nobody else."""
    resources = there.stacks["network"].resources
    for symbol, resource in there.resources("AWS::EC2::Route"):
        if resource["Properties"]["RouteTableId"] == "network:DataRoutes":
            yield f"{symbol} leads out of the database's subnets"
    inside = {resource["Properties"]["CidrBlock"] for name, resource in resources.items() if name.startswith("AppSubnet") and "CidrBlock" in resource["Properties"]}
    for symbol, resource in there.resources("AWS::EC2::NetworkAclEntry"):
        properties = resource["Properties"]
        if properties["RuleAction"] == "allow" and properties["CidrBlock"] not in inside:
            yield f"{symbol} lets {properties['CidrBlock']} in"
    for name, resource in resources.items():
        if name.startswith("DataSubnetRoutes") and resource["Properties"]["RouteTableId"] != "network:DataRoutes":
            yield f"{name} leads elsewhere"
    for symbol, resource in there.resources("AWS::RDS::DBInstance"):
        if resource["Properties"].get("PubliclyAccessible") is not False:
            yield f"{symbol} may have a public address"


def tasks_are_private_outside_of_development(there):
    for symbol, resource in there.resources("AWS::ECS::Service"):
        public = resource["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"]
        if public != ("ENABLED" if there.parameters["network"]["EgressMode"] == "none" else "DISABLED"):
            yield f"{symbol}: {public}"
        if public == "ENABLED" and there.environment != "dev":
            yield f"{symbol} has a public address"


def each_zone_has_its_way_out(there):
    """With NAT in each zone, no zone goes out through another."""
    if there.parameters["network"]["EgressMode"] != "nat-per-az":
        return
    for zone in "012":
        nat = there.find(f"network:RouteToNat{zone}")["Properties"]["NatGatewayId"]
        if nat != f"network:Nat{zone}":
            yield f"zone {zone} goes out through {nat}"


test_only_the_stated_ways_are_open = everywhere(only_the_stated_ways_are_open)
test_no_group_has_the_default_way_out = everywhere(no_group_has_the_default_way_out)
test_things_wear_their_groups = everywhere(things_wear_their_groups)
test_the_database_has_no_way_out = everywhere(the_database_has_no_way_out)
test_tasks_are_private = everywhere(tasks_are_private_outside_of_development)
test_each_zone_has_its_way_out = everywhere(each_zone_has_its_way_out)

test_ways_twins = twins(
    only_the_stated_ways_are_open,
    {
        "the API open to everybody": ("prod", "security:ApiFromLoadBalancer", put(["SourceSecurityGroupId"], "security:WorkerSecurityGroup")),
        "the operators' port": ("prod", "security:ApiFromLoadBalancer", put(["ToPort"], 8081)),
        "the database open to the load balancer": ("prod", "security:DatabaseFromApi", put(["SourceSecurityGroupId"], "security:LoadBalancerSecurityGroup")),
        "the database at another port": ("prod", "security:DatabaseFromWorker", put(["ToPort"], 65535)),
        "a worker that is called": ("dev", "security:LoadBalancerFromInternet443", put(["GroupId"], "security:WorkerSecurityGroup")),
        "a way closed at one end": ("prod", "security:LoadBalancerToApi", gone),
        "a task that may call everybody": ("prod", "security:ApiToStorage", put(["CidrIp"], "0.0.0.0/0")),
        "the database calls out": ("prod", "security:DatabaseSecurityGroup", put(["SecurityGroupEgress", 0, "CidrIp"], "0.0.0.0/0")),
    },
)
test_groups_twins = twins(no_group_has_the_default_way_out, {"none stated": ("prod", "security:WorkerSecurityGroup", put(["SecurityGroupEgress"], None))})
test_wear_twins = twins(
    things_wear_their_groups,
    {
        "workers as API": ("prod", "workers:RelayService", put(["NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"], ["security:ApiSecurityGroup.GroupId"])),
        "database as worker": ("prod", "data:Cluster", put(["VpcSecurityGroupIds"], ["security:WorkerSecurityGroup.GroupId"])),
        "endpoint as API": ("prod", "security:SqsEndpoint", put(["SecurityGroupIds"], ["security:ApiSecurityGroup"])),
    },
)
test_database_twins = twins(
    the_database_has_no_way_out,
    {
        "a route": ("prod", "network:RouteToNat0", put(["RouteTableId"], "network:DataRoutes")),
        "an ACL for all": ("prod", "network:DataAclFromApp0", put(["CidrBlock"], "0.0.0.0/0")),
        "another table": ("prod", "network:DataSubnetRoutes1", put(["RouteTableId"], "network:PublicRoutes")),
        "a public address": ("prod", "data:Writer", put(["PubliclyAccessible"], True)),
    },
)
test_private_twins = twins(
    tasks_are_private_outside_of_development,
    {"a public task": ("staging", "workers:SagasService", put(["NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp"], "ENABLED"))},
)
test_zones_twins = twins(each_zone_has_its_way_out, {"one NAT for two": ("prod", "network:RouteToNat1", put(["NatGatewayId"], "network:Nat0"))})


def test_existing_vpc_is_used():
    """N9: with a VPC of somebody else, none is made."""

    def change(_, parameters):
        parameters["network"] |= {"VpcId": "vpc-0123456789abcdef0", "ExistingInternetGatewayId": "igw-0123456789abcdef0"}

    there = World("prod", change)
    assert not list(there.resources("AWS::EC2::VPC", "AWS::EC2::InternetGateway"))
    assert there.outputs["NetworkVpcId"] == "vpc-0123456789abcdef0"
