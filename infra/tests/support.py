"""A copy of the scripts with small templates and a stub of AWS: what deploy.sh does to it can be read afterwards."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import stub_aws

HERE = pathlib.Path(__file__).resolve().parent
INFRA = HERE.parent
ROOT = INFRA.parent
REGION = "eu-central-1"
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/holdfast@sha256:" + "a" * 64
IMAGE_BEFORE = IMAGE.replace("a" * 64, "b" * 64)
ARN = f"arn:aws:ecs:{REGION}:111122223333"

ORDER = """network security data messaging edge edge-rules cluster migrate api workers scheduled observability""".split()


def fixture_templates():
    """One small template for each stack, with a type of each kind that matters."""
    resources = {
        "security": {"Key": "AWS::KMS::Key"},
        "data": {"Cluster": "AWS::RDS::DBCluster"},
        "messaging": {"AuditQueue": "AWS::SQS::Queue"},
        "edge-rules": {"ProductionRule": "AWS::ElasticLoadBalancingV2::ListenerRule"},
    }
    templates = {}
    for stack in ["bootstrap", *ORDER]:
        listed = resources.get(stack, {"Thing": "AWS::SNS::Topic"})
        templates[stack] = {
            "Parameters": {"Environment": {"Type": "String"}},
            "Resources": {name: {"Type": kind} for name, kind in listed.items()},
            "Outputs": {},
        }
    templates["network"]["Outputs"] = {"AppSubnetIds": {"Value": ""}}
    groups = ("MigrateSecurityGroupId", "WorkerSecurityGroupId")
    templates["security"]["Outputs"] = {group: {"Value": ""} for group in groups}
    templates["data"]["Parameters"] |= {"AppSubnetIds": {"Type": "String"}, "Days": {"Type": "Number", "Default": 7}}
    templates["cluster"]["Outputs"] = {"ClusterName": {"Value": ""}}
    templates["migrate"]["Outputs"] = {"MigrateTaskArn": {"Value": ""}}
    for stack in ("migrate", "api", "workers", "scheduled"):
        templates[stack]["Parameters"]["ImageUri"] = {"Type": "String"}
    return templates


class Deployment(unittest.TestCase):
    """Each test has its own AWS."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-deploy-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.infra = self.dir / "infra"
        for folder in ("lib", "policies"):
            shutil.copytree(INFRA / folder, self.infra / folder)
        for script in ("deploy.sh", "teardown.sh", "run-job.sh"):
            shutil.copy(INFRA / script, self.infra)
        self.parameters = {"tags": {"Owner": "payments"}, "data": {"Days": "35"}}
        # Of one region, where a test has such a file.
        self.regional, self.regional_of = None, REGION
        self.templates = fixture_templates()
        self.state = {
            "stacks": {},
            "services": {
                "api": {"stack": "api", "strategy": "BLUE_GREEN", "desired": 2, "running": 2},
                "sagas": {"stack": "workers", "desired": 2, "running": 2},
            },
        }
        stub = self.dir / "bin"
        stub.mkdir()
        (stub / "aws").write_text(stub_aws.SHIM)
        (stub / "aws").chmod(0o755)
        self.aws = stub_aws.Server(self.state)
        self.addCleanup(self.aws.server_close)
        self.addCleanup(self.aws.shutdown)

    def exists(self, environment="dev", image=IMAGE_BEFORE):
        """An environment that was deployed before."""
        for stack in ORDER:
            template = self.templates[stack]
            name = f"holdfast-{environment}-{stack}"
            outputs = {key: f"{key}-of-{name}" for key in template["Outputs"]}
            self.state["stacks"][name] = {"status": "UPDATE_COMPLETE", "outputs": outputs}
        # ECS moves the weights of these rules, so a deployment that is done has no change to them.
        self.state.setdefault("changes", {})[f"holdfast-{environment}-edge-rules"] = []
        self.name_resources(environment)
        for service in self.state["services"].values():
            service["deployments"] = [{"status": "SUCCESSFUL", "image": image}]

    def name_resources(self, environment="dev"):
        """What the stacks hold once they exist."""
        stacks = self.state["stacks"]
        known = {
            "api": [["AWS::ECS::Service", f"{ARN}:service/holdfast/api"]],
            "workers": [["AWS::ECS::Service", f"{ARN}:service/holdfast/sagas"]],
        }
        for stack, resources in known.items():
            stacks.setdefault(f"holdfast-{environment}-{stack}", {"status": "REVIEW_IN_PROGRESS"})["resources"] = resources

    def change(self, stack, kind, action="Modify", resource="Thing", environment="dev", **more):
        """The next change set of this stack says so."""
        change = {"Action": action, "LogicalResourceId": resource, "ResourceType": kind, **more}
        self.state.setdefault("changes", {})[f"holdfast-{environment}-{stack}"] = [change]

    def run_script(self, script, *words, answers="", **environ):
        """Runs a script of ours against the stub; gives exit code and all that it said."""
        folder = self.infra / "cloudformation/parameters"
        folder.mkdir(parents=True, exist_ok=True)
        for environment in ("dev", "staging", "prod"):
            (folder / f"{environment}.json").write_text(json.dumps(self.parameters))
            for old in folder.glob(f"{environment}.*.json"):
                old.unlink()
            if self.regional is not None:
                (folder / f"{environment}.{self.regional_of}.json").write_text(json.dumps(self.regional))
        for stack, template in self.templates.items():
            text = template if isinstance(template, str) else json.dumps(template)
            (self.infra / f"cloudformation/{stack}.yaml").write_text(text)
        environ = {
            "PATH": f"{self.dir / 'bin'}:{os.environ['PATH']}",
            "STUB_PORT": str(self.aws.server_address[1]),
            "HOLDFAST_POLL_S": "0",
            "AWS_REGION": REGION,
            "LC_ALL": "C.UTF-8",
            **environ,
        }
        done = subprocess.run(
            ["bash", str(self.infra / script), *words],
            input=answers,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        self.assertEqual(self.aws.wrong, [], said)
        return done.returncode, said

    def calls(self, start=""):
        """The calls so far whose names begin so, as (name, options)."""
        return [call for call in self.aws.calls if call[0].startswith(start)]

    def forget(self):
        """Nothing was called yet, and nothing exists."""
        self.aws.calls.clear()
        self.state["stacks"].clear()
        self.state["changes"] = {}

    def stacks_changed(self):
        """Names of the stacks whose change sets were carried out, in order."""
        calls = self.calls("cloudformation execute-change-set")
        return [options["stack-name"][0].split("-", 2)[2] for _, options in calls]
