"""deploy.sh with the real templates and parameters: every value is found, and the pipeline's role may do what it does."""

import json
import unittest

import cfn_yaml
from support import IMAGE, INFRA, ORDER, Deployment

TEMPLATES = INFRA / "cloudformation"
SERVICES = {"s3api": "s3"}


@unittest.skipUnless((TEMPLATES / "api.yaml").exists(), "there are no templates")
class RealTemplates(Deployment):
    def setUp(self):
        super().setUp()
        self.templates = {stack: (TEMPLATES / f"{stack}.yaml").read_text() for stack in ["bootstrap", *ORDER]}
        # Resources of the fixtures do not matter here.
        self.state["services"] = {}

    def deploy(self, environment):
        self.parameters = json.loads((TEMPLATES / f"parameters/{environment}.json").read_text())
        words = ("--environment", environment, "--auto-approve")
        code, said = self.run_script("deploy.sh", "deploy", *words, "--only", "bootstrap")
        self.assertEqual(code, 0, said)
        code, said = self.run_script("deploy.sh", "deploy", *words, "--image", IMAGE)
        self.assertEqual(code, 0, said)

    def test_every_parameter_of_every_template_gets_a_value(self):
        for environment in ("dev", "staging", "prod"):
            with self.subTest(environment):
                self.forget()
                self.deploy(environment)
                self.assertEqual(self.stacks_changed(), ["bootstrap", *ORDER])

    def test_the_role_of_the_pipeline_may_do_what_the_script_does(self):
        self.deploy("dev")
        resources = cfn_yaml.load(self.templates["bootstrap"])["Resources"]
        statements = [
            statement
            for policy in resources["DeployRole"]["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        listed = [statement["Action"] for statement in statements if statement["Effect"] == "Allow"]
        allowed = {one for some in listed for one in ([some] if isinstance(some, str) else some)}
        more = ["ecs list-service-deployments", "ecs describe-service-revisions", "ecs describe-services"]
        more += ["ecs stop-service-deployment", "cloudformation describe-stack-events"]
        for call in sorted({name for name, _ in self.calls()} | set(more)):
            service, operation = call.split(" ")
            action = "".join(word.capitalize() for word in operation.split("-"))
            # Who one is may be asked by everybody; the question for the image is tolerant.
            if service != "sts" and call != "ecr describe-images":
                self.assertIn(f"{SERVICES.get(service, service)}:{action}", allowed)

    def test_what_is_protected_is_in_the_templates(self):
        types = {
            resource.get("Type")
            for text in self.templates.values()
            for resource in cfn_yaml.load(text)["Resources"].values()
            if isinstance(resource, dict)
        }
        policy = json.loads((INFRA / "policies/default.json").read_text())
        protected = policy["Statement"][1]["Condition"]["StringEquals"]["ResourceType"]
        for kind in ("AWS::RDS::DBCluster", "AWS::SQS::Queue", "AWS::KMS::Key"):
            self.assertIn(kind, types)
            self.assertIn(kind, protected)


if __name__ == "__main__":
    unittest.main()
