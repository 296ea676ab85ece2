#!/usr/bin/env python3
"""What a month costs: every resource of the templates, times a dated price, for a low, an expected and a high month.

`cost.py` prints the tables; `cost.py --write` writes them to COST.md. A type without a price ends it with an error.
"""

import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "templates"))

import world as worlds  # noqa: E402

BOOK = json.loads((HERE / "prices.json").read_text())
USAGE = json.loads((HERE / "usage.json").read_text())
HOURS = 730
# Bytes that a transfer leaves behind, from docs/SCALING.md: for ever, and for 35 days.
KEPT_BYTES, LOG_BYTES, LOG_DAYS = 480 + 403 + 110, 663 + 395, 35
# Requests of clients for a transfer, and what each sends and gets, log lines included.
REQUESTS, REQUEST_KB, LOG_KB = 1.5, 1.5, 0.4


class Unpriced(Exception):
    """A resource whose price nobody wrote down."""


def usd(name):
    if name not in BOOK["prices"]:
        raise Unpriced(f"prices.json has no {name}")
    return BOOK["prices"][name]["usd"]


def three(function):
    return [function(index) for index in range(3)]


class Month:
    """A month of one environment."""

    def __init__(self, there):
        self.there, self.use = there, USAGE[there.environment]
        self.lines = []
        self.transfers = self.use["transfers_million"]
        self.requests = [REQUESTS * million for million in self.transfers]
        # After a year: what stays for ever, and the logs of 35 days.
        per_month = 12 * KEPT_BYTES + LOG_DAYS / 30 * LOG_BYTES
        self.stored_gb = [max(10, million * per_month / 1000) for million in self.transfers]
        for symbol, resource in there.resources():
            kind = resource["Type"]
            if kind in BOOK["free"]:
                continue
            price = PRICED.get(kind)
            if not price:
                raise Unpriced(f"{symbol}: {kind} has neither a price nor a reason why it has none")
            price(self, symbol, resource["Properties"])
        self.second_region()

    def add(self, part, what, values):
        self.lines.append((part, what, values))

    def busy(self, least, most, index):
        """Between the least and the most, as busy as the month is."""
        return least + (most - least) * self.use["busy"][index]

    def totals(self):
        return three(lambda index: sum(values[index] for _, _, values in self.lines))

    def parts(self):
        parts = {}
        for part, _, values in self.lines:
            parts[part] = [a + b for a, b in zip(parts.get(part, [0, 0, 0]), values)]
        return parts

    # Compute

    def service(self, symbol, properties):
        task = self.there.find(properties["TaskDefinition"])["Properties"]
        hour = int(task["Cpu"]) / 1024 * usd("fargate_vcpu_hour") + int(task["Memory"]) / 1024 * usd("fargate_gb_hour")
        target = next(
            one["Properties"] for _, one in self.there.resources("AWS::ApplicationAutoScaling::ScalableTarget")
            if symbol in one["Properties"]["ResourceId"]
        )
        least, most = int(target["MinCapacity"]), int(target["MaxCapacity"])
        weights = {one["CapacityProvider"]: int(one["Weight"]) for one in properties.get("CapacityProviderStrategy", [])}
        spot = weights.get("FARGATE_SPOT", 0) / max(1, sum(weights.values()))

        def month(index):
            tasks = self.busy(least, most, index)
            # The first task is never on capacity that AWS may take back.
            cheap = max(0, tasks - 1) * spot
            return (tasks - cheap + cheap * usd("fargate_spot_share")) * hour * HOURS

        self.add("compute", f"tasks of {symbol.partition(':')[2]} ({least} to {most})", three(month))
        public = properties["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED"
        if public:
            self.add("network", "addresses of tasks", three(lambda i: self.busy(least, most, i) * usd("ipv4_hour") * HOURS))
        self.add("monitoring", "container insights", three(lambda i: self.busy(least, most, i) * usd("insights_task_metrics")))

    def schedule(self, symbol, properties):
        each = {"rate(1 hour)": 730}.get(properties["ScheduleExpression"], 30)
        hour = 0.25 * usd("fargate_vcpu_hour") + 0.5 * usd("fargate_gb_hour")
        self.add("compute", "scheduled tasks", three(lambda i: each * hour * (1, 5, 20)[i] / 60 + each * usd("scheduler_million") / 1e6))

    # Database

    def instance(self, symbol, properties):
        cluster = self.there.find("data:Cluster")["Properties"]
        optimized = cluster["StorageType"] == "aurora-iopt1"
        price = usd("aurora_acu_hour_io_optimized" if optimized else "aurora_acu_hour")
        advanced = usd("insights_acu_hour") if cluster["DatabaseInsightsMode"] == "advanced" else 0
        if properties["DBInstanceClass"] != "db.serverless":
            hour = usd(f"aurora_{properties['DBInstanceClass']}_hour") * (1.3 if optimized else 1)
            self.add("database", f"{symbol.partition(':')[2]} ({properties['DBInstanceClass']})", [hour * HOURS] * 3)
            return
        limits = cluster["ServerlessV2ScalingConfiguration"]
        least, most = float(limits["MinCapacity"]), float(limits["MaxCapacity"])
        # A month is never at its peak all the time: SCALING.md has a peak of twenty times the average.
        share = [0, 0.1, 0.35]
        self.add("database", f"{symbol.partition(':')[2]} ({least:g} to {most:g} units)", three(lambda i: (least + (most - least) * share[i]) * (price + advanced) * HOURS))

    def cluster(self, symbol, properties):
        optimized = properties["StorageType"] == "aurora-iopt1"
        price = usd("aurora_storage_gb_io_optimized" if optimized else "aurora_storage_gb")
        self.add("storage", "database after a year", three(lambda i: self.stored_gb[i] * price))
        if not optimized:
            self.add("database", "requests to the storage", three(lambda i: self.transfers[i] * 6 * usd("aurora_io_million")))
        days = int(properties["BackupRetentionPeriod"])
        self.add("storage", f"changes of {days} days, to go back to", three(lambda i: self.transfers[i] * 4.2 * days / 30 * usd("aurora_backup_gb")))

    def vault(self, *_):
        days = int(self.there.find("data:Cluster")["Properties"]["BackupRetentionPeriod"])
        self.add("storage", "backups", three(lambda i: self.stored_gb[i] * (1 + days * 0.02) * usd("backup_gb")))
        self.add("storage", "copies in another region", three(lambda i: self.stored_gb[i] * ((1 + days * 0.02) * usd("backup_gb") + 0.6 * usd("backup_copy_gb"))))

    def second_region(self):
        """A global database has a cluster elsewhere, and the rest stands there without tasks."""
        if not any(True for _ in self.there.resources("AWS::RDS::GlobalCluster")):
            return
        limits = self.there.find("data:Cluster")["Properties"].get("ServerlessV2ScalingConfiguration", {"MinCapacity": 4})
        least = float(limits["MinCapacity"])
        zones = int(self.there.parameters["network"]["ZoneCount"])
        endpoints = sum(1 for _, one in self.there.resources("AWS::EC2::VPCEndpoint") if one["Properties"]["VpcEndpointType"] == "Interface")
        quiet = least * usd("aurora_acu_hour_io_optimized") + endpoints * zones * usd("endpoint_hour") + usd("alb_hour") + zones * usd("nat_hour")
        self.add("second region", "one reader, endpoints, NAT, load balancer; no tasks", three(lambda i: quiet * HOURS))
        self.add("second region", "storage", three(lambda i: self.stored_gb[i] * usd("aurora_storage_gb_io_optimized")))
        self.add("second region", "replicated writes", three(lambda i: self.transfers[i] * 4 * usd("aurora_global_io_million")))

    # Messaging

    def queue(self, symbol, properties):
        packed = int(next(one for one in self.there.find("workers:RelayTask")["Properties"]["ContainerDefinitions"][0]["Environment"] if one["Name"] == "HOLDFAST_EVENTS_PER_MESSAGE")["Value"])
        if "RedrivePolicy" in properties:
            # Sent, received and deleted in tens; and long polls that found nothing.
            self.add("messaging", "queues", three(lambda i: (self.transfers[i] * 3 / 10 / packed + 0.13 * 3) * usd("sqs_million")))
        else:
            self.add("messaging", "dead letters, looked at every 2 s", three(lambda i: 1.3 * usd("sqs_million")))

    def topic(self, *_):
        self.add("monitoring", "alerts", three(lambda i: (50, 200, 2000)[i] * usd("sns_message")))

    # Network and edge

    def nat(self, *_):
        count = sum(1 for _ in self.there.resources("AWS::EC2::NatGateway"))
        self.add("network", "NAT", three(lambda i: usd("nat_hour") * HOURS + self.use["outside_gb"][i] / count * usd("nat_gb")))

    def address(self, *_):
        self.add("network", "addresses of NAT", three(lambda i: usd("ipv4_hour") * HOURS))

    def endpoint(self, symbol, properties):
        if properties["VpcEndpointType"] == "Interface":
            zones = len(properties["SubnetIds"])
            self.add("network", "interface endpoints", three(lambda i: zones * usd("endpoint_hour") * HOURS + self.transfers[i] * LOG_KB / 6 * usd("endpoint_gb")))

    def balancer(self, symbol, properties):
        def month(index):
            gb = self.requests[index] * REQUEST_KB
            # A unit is 1 GB an hour or 25 new connections a second, whichever is more.
            units = max(0.05, gb / HOURS, self.requests[index] * 1e6 / (HOURS * 3600) / 25 / 10)
            return (usd("alb_hour") + units * usd("alb_lcu_hour")) * HOURS

        self.add("network", "load balancer", three(month))
        self.add("network", "traffic between zones", three(lambda i: self.requests[i] * REQUEST_KB * 2 * 0.67 * usd("zone_gb")))
        self.add("network", "traffic to clients", three(lambda i: max(0, self.requests[i] * REQUEST_KB - 100) * usd("internet_gb")))
        if properties["Scheme"] == "internet-facing":
            self.add("network", "addresses of the load balancer", three(lambda i: len(properties["Subnets"]) * usd("ipv4_hour") * HOURS))

    def rest_api(self, *_):
        self.add("edge", "REST API", three(lambda i: self.requests[i] * usd("rest_api_million")))

    def firewall(self, symbol, properties):
        self.add("edge", "firewall", three(lambda i: usd("waf_acl") + len(properties["Rules"]) * usd("waf_rule") + self.requests[i] * usd("waf_million")))

    def pool(self, *_):
        self.add("edge", "tokens of machines", three(lambda i: self.use["sessions_thousand"][i] * usd("cognito_token_thousand")))

    # Watching

    def logs(self, symbol, properties):
        # All lines of all groups are one sum, told once.
        if symbol == "cluster:ApiLogs":
            kept = int(properties["RetentionInDays"]) / 30
            gb = three(lambda i: 1 + self.transfers[i] * (REQUESTS + 2) * LOG_KB)
            self.add("monitoring", "log lines", three(lambda i: gb[i] * (usd("logs_gb") + kept * 0.15 * usd("logs_kept_gb"))))

    def alarm(self, symbol, properties):
        metrics = properties.get("Metrics", [{"MetricStat": {}}])
        count = sum(1 for one in metrics if "MetricStat" in one) + sum(5 for one in metrics if one.get("Expression", "").startswith("SELECT"))
        self.add("monitoring", "alarms", [count * usd("alarm")] * 3)

    def per_month(part, what, name, times=1):  # noqa: N805 - makes a method
        return lambda self, *_: self.add(part, what, [usd(name) * times] * 3)

    def filter(self, *_):
        self.add("monitoring", "metrics from logs", [usd("metric")] * 3)

    def told(self, *_):
        # What the program tells CloudWatch: about sixty combinations of labels.
        self.add("monitoring", "metrics of the program", [60 * usd("metric")] * 3)

    def key(self, *_):
        self.add("security", "keys", three(lambda i: usd("kms_key") + 0.05 * usd("kms_million")))

    def bucket(self, symbol, properties):
        self.add("storage", "buckets", three(lambda i: (1 + self.requests[i] * 0.3) * usd("s3_gb")))

    def repository(self, *_):
        self.add("storage", "images", three(lambda i: 0.1 * (10, 30, 100)[i] * usd("ecr_gb")))

    def flow_log(self, *_):
        self.add("monitoring", "log of the network", three(lambda i: (1 + self.requests[i] * 0.15) * usd("flow_log_gb")))

    def trail(self, *_):
        self.add("security", "log of API calls", three(lambda i: (0, 0.5, 2)[i] * usd("trail_events_100k")))


PRICED = {
    "AWS::ApiGateway::RestApi": Month.rest_api,
    "AWS::Backup::BackupVault": Month.vault,
    "AWS::CloudTrail::Trail": Month.trail,
    "AWS::CloudWatch::Alarm": Month.alarm,
    "AWS::CloudWatch::CompositeAlarm": Month.per_month("monitoring", "composite alarms", "composite_alarm"),
    "AWS::CloudWatch::Dashboard": Month.per_month("monitoring", "dashboard", "dashboard"),
    "AWS::Cognito::UserPool": Month.pool,
    "AWS::EC2::EIP": Month.address,
    "AWS::EC2::FlowLog": Month.flow_log,
    "AWS::EC2::NatGateway": Month.nat,
    "AWS::EC2::VPCEndpoint": Month.endpoint,
    "AWS::ECR::Repository": Month.repository,
    "AWS::ECS::Cluster": Month.told,
    "AWS::ECS::Service": Month.service,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Month.balancer,
    "AWS::KMS::Key": Month.key,
    "AWS::Lambda::Function": Month.per_month("compute", "hook", "lambda_million", 0.001),
    "AWS::Logs::LogGroup": Month.logs,
    "AWS::Logs::MetricFilter": Month.filter,
    "AWS::RDS::DBCluster": Month.cluster,
    "AWS::RDS::DBInstance": Month.instance,
    # What it costs stands under the second region.
    "AWS::RDS::GlobalCluster": lambda *_: None,
    "AWS::Route53::RecordSet": Month.per_month("network", "DNS", "route53_million"),
    "AWS::S3::Bucket": Month.bucket,
    "AWS::SNS::Topic": Month.topic,
    "AWS::SQS::Queue": Month.queue,
    "AWS::Scheduler::Schedule": Month.schedule,
    "AWS::SecretsManager::Secret": Month.per_month("security", "secrets", "secret"),
    "AWS::WAFv2::WebACL": Month.firewall,
}


def budget(month):
    """What the budget of the template should be: a fifth more than expected, in whole tens."""
    return math.ceil(month.totals()[1] * 1.2 / 10) * 10


def money(value):
    return f"{value:,.0f}"


def report():
    lines = [
        "# What a month costs",
        "",
        "Written by `infra/cost/cost.py --write` from the templates, the parameters of each environment, "
        f"[prices.json](prices.json) ({BOOK['region']}, list prices of {BOOK['as_of']}) and [usage.json](usage.json). USD, without tax, "
        "discounts, support and free tiers. Nothing of this has been billed yet: it is arithmetic.",
        "",
        "Low is the least that runs. Expected and high are as busy as usage.json says; the high month of production is the target of "
        "docs/SCALING.md, 20 million transfers a day.",
    ]
    totals = {}
    for environment in worlds.ENVIRONMENTS:
        month = Month(worlds.world(environment))
        totals[environment] = month.totals()
        low, expected, high = month.use["transfers_million"]
        lines += ["", f"## {environment}", "", f"{low:g}, {expected:g} and {high:g} million transfers.", "", "| | low | expected | high |", "|---|---:|---:|---:|"]
        for part, values in sorted(month.parts().items(), key=lambda item: -item[1][1]):
            lines.append(f"| {part} | " + " | ".join(money(value) for value in values) + " |")
        lines.append("| **total** | " + " | ".join(f"**{money(value)}**" for value in totals[environment]) + " |")
        lines += ["", f"The budget is {money(budget(month))}: a fifth above the expected.", "", "The largest lines:", ""]
        merged = {}
        for part, what, values in month.lines:
            merged[part, what] = [a + b for a, b in zip(merged.get((part, what), [0, 0, 0]), values)]
        largest = sorted(merged.items(), key=lambda item: -item[1][1])[:8]
        lines += [f"* {what} ({part}): {money(values[0])}, {money(values[1])}, {money(values[2])}" for (part, what), values in largest]
    lines += ["", "## Beside the customer's own sums", "", "| document | its sum | its parts | ours, low to high |", "|---|---:|---|---:|"]
    for document in USAGE["documents"]:
        own = totals[document["environment"]]
        sum_of = money(document["low"]) if document["low"] == document["high"] else f"{money(document['low'])} to {money(document['high'])}"
        lines.append(f"| {document['document']} | {sum_of} | {document['text']} | {money(own[0])} to {money(own[2])} ({document['environment']}) |")
    lines += ["", *COMPARISON]
    return "\n".join(lines) + "\n"


COMPARISON = [
    "They are targets to compare with, not the same thing:",
    "",
    "* Document 2 has a cache for 400 and Kafka for 600, which we do not build, and nothing for a firewall, an API gateway, endpoints or a second "
    "region. Its compute does not fit its own table: 20 tasks of 4 vCPU and 8 GB cost 2,883 at the list price of x86 in us-east-1, and more in "
    "its own region. Its three r6g.2xlarge for 1,200 are about half of the list price.",
    "* Document 3 counts a million requests a month; one transfer a second is 2.6 million.",
    "* Document 4 has one zone's worth of endpoints (22 a month is three of them). Six in three zones are 131; above four, NAT is cheaper by the hour. "
    "They are a choice for safety.",
    "",
    "What to turn first, by what it saves in the expected month of production: the second region (`DrMode` pitr instead of global), a load balancer "
    "of its own at the edge instead of the REST API (`EdgeMode` alb), a provisioned and reserved writer once the load is known (`DbMode` provisioned), "
    "a savings plan for Fargate. Look at the bill once a month: the tags `Environment` and `CostCenter` are on everything.",
]


def main():
    text = report()
    if sys.argv[1:] == ["--write"]:
        (HERE / "COST.md").write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()

