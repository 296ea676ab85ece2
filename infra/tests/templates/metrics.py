"""What an alarm, a scaling policy or a dashboard may name: metrics of AWS and of our own, and what they are about."""

import re

from world import ROOT

# Dimension -> the type of resource that it must name, and the attribute (none for Ref).
OURS = {
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "TopicName": ("AWS::SNS::Topic", "TopicName"),
    "LoadBalancer": ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"),
    "TargetGroup": ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"),
    "ClusterName": ("AWS::ECS::Cluster", ""),
    "ServiceName": ("AWS::ECS::Service", "Name"),
    "DBClusterIdentifier": ("AWS::RDS::DBCluster", ""),
}

# Namespace -> sets of dimensions that AWS publishes, and the metrics that we use of it. No linter knows them.
KNOWN = {
    "AWS/SQS": (
        [{"QueueName"}],
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"},
    ),
    "AWS/SNS": ([{"TopicName"}], {"NumberOfNotificationsFailed"}),
    "AWS/ApplicationELB": (
        [{"LoadBalancer"}, {"LoadBalancer", "TargetGroup"}, {"TargetGroup"}],
        {
            "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount",
            "RequestCountPerTarget", "TargetConnectionErrorCount", "TargetResponseTime", "UnHealthyHostCount",
        },
    ),
    "AWS/ECS": ([{"ClusterName", "ServiceName"}], {"CPUUtilization", "MemoryUtilization"}),
    "ECS/ContainerInsights": ([{"ClusterName", "ServiceName"}], {"RunningTaskCount"}),
    "AWS/RDS": (
        [{"DBClusterIdentifier"}, {"DBClusterIdentifier", "Role"}],
        {
            "ACUUtilization", "AuroraGlobalDBRPOLag", "AuroraReplicaLagMaximum", "CPUUtilization", "CommitLatency",
            "DatabaseConnections", "FreeLocalStorage", "ReadLatency", "ReplicationSlotDiskUsage", "VolumeBytesUsed",
            "WriteLatency",
        },
    ),
    "AWS/WAFV2": ([{"WebACL", "Region", "Rule"}], {"BlockedRequests"}),
    "AWS/CertificateManager": ([{"CertificateArn"}], {"DaysToExpiry"}),
    "AWS/PrivateLinkEndpoints": ([set()], {"PacketsDropped"}),
    "AWS/NATGateway": ([set()], {"ErrorPortAllocation"}),
}

EMF = ROOT / "telemetry" / "src" / "emf.rs"


def told():
    """Figures that the program writes for CloudWatch, with their dimensions; None where it writes none yet."""
    if not EMF.exists():
        return None
    source = EMF.read_text()
    table = source[source.index("const CHOICES") :]
    rows = re.findall(r'\("(\w+)", &\[([^\]]*)\]\)', table[: table.index("];")])
    return {name: set(re.findall(r'"(\w+)"', labels)) for name, labels in rows}


def job_queues():
    """Queues of jobs in the database."""
    return set(re.findall(r'_QUEUE: &str = "([\w-]+)"', (ROOT / "domain" / "src" / "job.rs").read_text()))


def filtered(there):
    """Figures that are counted in logs."""
    for _, resource in there.resources("AWS::Logs::MetricFilter"):
        for transformation in resource["Properties"]["MetricTransformations"]:
            yield transformation["MetricName"]


def metric_problems(there, metric):
    """What is wrong with one `{Namespace, MetricName, Dimensions}`."""
    namespace, name = metric["Namespace"], metric["MetricName"]
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
    if namespace == "Holdfast":
        yield from own_problems(there, name, set(dimensions))
        if dimensions.get("queue", "any") not in job_queues() | {"any"}:
            yield f"{dimensions['queue']} is no queue of jobs"
        return
    if namespace not in KNOWN:
        yield f"namespace {namespace} is not known"
        return
    sets, names = KNOWN[namespace]
    if name not in names:
        yield f"{namespace} has no {name}"
    if set(dimensions) not in sets:
        yield f"{namespace} has no figures by {sorted(dimensions)}"
    for dimension, value in dimensions.items():
        yield from dimension_problems(there, dimension, value)


def dimension_problems(there, dimension, value):
    if dimension in OURS:
        kind, attribute = OURS[dimension]
        resource = there.find(value)
        if not resource or resource["Type"] != kind or str(value).partition(".")[2] != attribute:
            yield f"{dimension} {value} is no {kind} of ours"
    elif dimension == "Role" and value not in ("WRITER", "READER"):
        yield f"{value} is no role of a database"
    elif dimension == "WebACL":
        names = [one["Properties"]["VisibilityConfig"]["MetricName"] for _, one in there.resources("AWS::WAFv2::WebACL")]
        if value not in names:
            yield f"{value} is no firewall of ours"
    elif dimension == "CertificateArn" and value != there.outputs["CertificateArn"]:
        yield f"{value} is not our certificate"


def own_problems(there, name, dimensions):
    if name in set(filtered(there)):
        if dimensions:
            yield f"{name} is counted in logs, without dimensions"
        return
    known = told()
    if known is None:
        return
    if name not in known:
        yield f"the program does not tell {name} ({EMF.name})"
    elif known[name] != dimensions:
        yield f"the program tells {name} by {sorted(known[name])}, not by {sorted(dimensions)}"


QUERY = re.compile(r'^SELECT (?:MAX|MIN|SUM|AVG)\((\w+)\) FROM (?:SCHEMA\("(\S+)"((?:, \w+)*)\)|"(\S+)")$')
SCALAR = re.compile(r"^[\w\s.,()+\-*/<>=]+$")


def expression_problems(there, expression):
    """Metric math that an alarm can do: sums over its own ids, or a query. Searches it cannot."""
    if "SEARCH(" in expression:
        yield "an alarm cannot search"
    elif expression.startswith("SELECT"):
        found = QUERY.match(expression)
        if not found:
            yield f"not understood: {expression}"
            return
        name, namespace, labels = found[1], found[2] or found[4], found[3] or ""
        dimensions = [{"Name": one, "Value": "any"} for one in labels.split(", ") if one]
        yield from metric_problems(there, {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})
    elif not SCALAR.match(expression):
        yield f"not understood: {expression}"


def query_problems(there, metrics):
    """What is wrong with the `Metrics` of an alarm or a scaling policy."""
    ids = {one["Id"] for one in metrics}
    if sum(1 for one in metrics if one.get("ReturnData", True)) != 1:
        yield "one of the metrics has to be the one that is meant"
    for one in metrics:
        if "Expression" in one:
            yield from expression_problems(there, one["Expression"])
            if not one["Expression"].startswith("SELECT"):
                words = set(re.findall(r"\b[a-z]\w*\b", one["Expression"]))
                yield from (f"{word} is no id" for word in sorted(words - ids))
        else:
            yield from metric_problems(there, one["MetricStat"]["Metric"])
