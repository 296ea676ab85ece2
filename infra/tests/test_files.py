"""Rules of Dockerfile, compose.yaml, .env.example, workflows and stack policies that no linter knows."""

import json
import pathlib
import re
import subprocess
import tempfile
import tomllib
import unittest

import cfn_yaml
import yaml
from support import INFRA, ROOT

PROGRAMS = ["holdfast-api", "holdfast-jobs", "holdfast-migrate", "holdfast-admin"]


def read(name):
    """A file of the tree."""
    return (ROOT / name).read_text()


class Image(unittest.TestCase):
    lines = [line for line in read("Dockerfile").splitlines() if line and not line.lstrip().startswith("#")]

    def stage(self, name):
        starts = [number for number, line in enumerate(self.lines) if line.startswith("FROM ")]
        for start, end in zip(starts, [*starts[1:], len(self.lines)]):
            if self.lines[start].endswith(f" AS {name}"):
                return self.lines[start:end]
        self.fail(f"no stage {name}")

    def test_it_runs_as_nobody_special_and_has_no_shell(self):
        runtime = self.stage("runtime")
        self.assertIn("USER 10001:10001", runtime)
        self.assertFalse([line for line in runtime if line.startswith("RUN")], "there is nothing to run it with")
        commands = [line for line in runtime if re.match(r"CMD|ENTRYPOINT|.* CMD", line)]
        self.assertTrue(all("[" in line for line in commands), commands)

    def test_its_health_is_asked_by_a_program_of_ours(self):
        (check,) = [line for line in self.lines if line.startswith("HEALTHCHECK")]
        self.assertIn('CMD ["holdfast-api", "health", "live"]', check)
        self.assertNotIn("curl", read("Dockerfile").lower())

    def test_bases_have_a_tag_or_a_digest(self):
        bases = [line.split("=", 1)[1] for line in self.lines if re.match(r"ARG (RUST|RUNTIME)=", line)]
        self.assertEqual(len(bases), 2)
        for base in bases:
            self.assertRegex(base, r"(:[^/]+|@sha256:[0-9a-f]{64})$")
            self.assertNotIn(":latest", base)
        rust = tomllib.loads(read("Cargo.toml"))["workspace"]["package"]["rust-version"]
        self.assertIn(f":{rust}-", bases[0])

    def test_dependencies_are_compiled_before_the_sources_come(self):
        build = self.stage("build")
        order = [next(i for i, line in enumerate(build) if what in line) for what in (
            "--from=skeleton", '"dependencies"', "COPY . .", '"programs"')]
        self.assertEqual(order, sorted(order))

    def test_the_skeleton_changes_with_manifests_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["sh", "infra/image/skeleton.sh", folder], cwd=ROOT, check=True)
            metadata = subprocess.run(
                ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"],
                cwd=folder, check=True, capture_output=True, text=True,
            )
            members = {package["name"] for package in json.loads(metadata.stdout)["packages"]}
            self.assertEqual(members, set(tomllib.loads(read("Cargo.toml"))["workspace"]["members"]))
            for file in pathlib.Path(folder).rglob("*.rs"):
                self.assertIn(file.read_text(), ("", "fn main() {}\n"), file)

    def test_all_programs_are_in_it_and_no_crate_is_kept_out(self):
        build = read("infra/image/build.sh")
        for program in PROGRAMS:
            self.assertIn(program, build)
        ignored = [line for line in read(".dockerignore").splitlines() if line and line[0] not in "#!"]
        for member in tomllib.loads(read("Cargo.toml"))["workspace"]["members"]:
            self.assertNotIn(member, ignored)
        self.assertIn(".git", ignored)
        self.assertIn(".env", ignored)

    def test_the_roots_of_the_database_are_whole_and_last(self):
        roots = re.findall(r"# (Amazon RDS [^\n]*)\n(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)",
                           read("infra/image/rds-ca.pem"), re.DOTALL)
        names = [name for name, _ in roots]
        for region in ("us-east-1", "us-west-2", "eu-central-1", "sa-east-1"):
            for kind in ("RSA2048", "RSA4096", "ECC384"):
                self.assertIn(f"Amazon RDS {region} Root CA {kind} G1", names)
        # Verifying each against the whole file proves that all are signed by themselves and can be read.
        one = "".join(text for _, text in roots)
        year_s = str(365 * 24 * 3600)
        ends = subprocess.run(["openssl", "x509", "-checkend", year_s, "-noout"], input=one, capture_output=True, text=True, check=False)
        self.assertEqual(ends.returncode, 0, ends.stdout)


class Compose(unittest.TestCase):
    compose = yaml.safe_load(read("compose.yaml"))
    services = compose["services"]

    def ours(self):
        return {name: one for name, one in self.services.items() if "HOLDFAST_IMAGE" in one["image"]}

    def test_every_service_says_how_it_is_and_waits_for_what_it_needs(self):
        for name, one in self.services.items():
            # The one ends, and in the image of the other is nothing to ask with: the API asks it.
            if name in ("migrate", "issuer"):
                continue
            self.assertIn("test", one["healthcheck"], name)
            for needed, how in one.get("depends_on", {}).items():
                others = {"migrate": "service_completed_successfully", "issuer": "service_started"}
                expected = others.get(needed, "service_healthy")
                self.assertEqual(how["condition"], expected, f"{name} on {needed}")
        for name, one in self.ours().items():
            expected = {"postgres"} if name == "migrate" else {"postgres", "migrate"}
            self.assertTrue(expected <= set(one["depends_on"]), name)
        for name in ("relay", "consumer-audit", "consumer-metrics", "desk"):
            self.assertIn("sqs", self.services[name]["depends_on"])
        # Or `up --wait` would be done without anybody who gives tokens.
        self.assertIn("issuer", self.services["api"]["depends_on"])

    def test_ours_write_nothing_and_may_nothing(self):
        self.assertEqual(self.services["worker"]["deploy"]["replicas"], 2)
        for name, one in self.ours().items():
            self.assertTrue(one["read_only"], name)
            self.assertEqual(one["cap_drop"], ["ALL"], name)
            self.assertIn("no-new-privileges:true", one["security_opt"], name)

    def test_images_of_others_are_pinned(self):
        for name, one in self.services.items():
            if name not in self.ours():
                self.assertRegex(one["image"], r":v?[0-9]+\.[0-9]+[0-9a-z.-]*$", name)

    def test_only_this_machine_is_served(self):
        for name, one in self.services.items():
            for port in one.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name} {port}")

    def test_all_roles_run_that_can(self):
        given = [one["command"][3] for one in self.ours().values() if one.get("command", [""])[0] == "holdfast-jobs"]
        roles = set(re.findall(r"`(\w+)` (?:advances|sends|receive|indexes|asks)|`(audit)` and `(metrics)` receive", read("docs/CONFIGURATION.md"))[0])
        self.assertEqual(set(",".join(given).split(",")), {"sagas", "relay", "audit", "metrics", "desk"})
        self.assertTrue(roles)

    def test_every_variable_is_one_that_the_programs_read(self):
        known = set(re.findall(r"`((?:HOLDFAST|DATABASE|SQS|OTEL)_[A-Z_]+)`", read("docs/CONFIGURATION.md")))
        for name, one in self.ours().items():
            unknown = set(one.get("environment", {})) - known
            self.assertFalse(unknown, f"{name}: {unknown}")

    def test_the_example_of_settings_is_complete_and_has_no_more(self):
        used = set(re.findall(r"\$\{([A-Z_]+)", read("compose.yaml")))
        given = set(re.findall(r"^([A-Z_]+)=", read(".env.example"), re.MULTILINE))
        self.assertEqual(used, given)
        self.assertIn("/.env", read(".gitignore").splitlines())

    def test_queues_have_the_names_that_they_have_on_aws(self):
        here = {one["environment"][key] for one in self.ours().values() for key in one.get("environment", {}) if key.startswith("HOLDFAST_QUEUE_")}
        self.assertEqual(here, {"wallet-audit", "wallet-metrics"})
        template = INFRA / "cloudformation/messaging.yaml"
        if template.exists():
            text = template.read_text()
            for queue in here:
                self.assertIn(queue, text)

    def test_what_is_mounted_is_there(self):
        for name, one in self.services.items():
            for volume in one.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./"):
                    self.assertTrue((ROOT / source).exists(), f"{name}: {source}")



class Policies(unittest.TestCase):
    def test_what_the_script_refuses_the_policy_refuses_too(self):
        protected = re.search(r"PROTECTED='(.*)'", read("infra/lib/changes.sh"))[1]
        policy = json.loads(read("infra/policies/default.json"))["Statement"][1]
        self.assertEqual(policy["Effect"], "Deny")
        listed = policy["Condition"]["StringEquals"]["ResourceType"]
        for kind in listed:
            self.assertRegex(kind, protected)
        self.assertEqual(len(listed), 11)

    def test_no_update_of_the_rules_that_ecs_moves(self):
        (statement,) = json.loads(read("infra/policies/edge-rules.json"))["Statement"]
        self.assertEqual((statement["Effect"], statement["Action"], statement["Resource"]), ("Deny", "Update:*", "*"))


class Workflows(unittest.TestCase):
    files = sorted((ROOT / ".github/workflows").glob("*.yml"))

    def test_actions_are_pinned_by_hash_and_say_which_release_that_is(self):
        for file in self.files:
            for used in re.findall(r"uses: (.*)", file.read_text()):
                if not used.startswith("./"):
                    self.assertRegex(used, r"^[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$", file.name)

    def test_no_key_is_stored(self):
        for file in self.files:
            text = file.read_text()
            self.assertNotRegex(text, r"secrets\.|aws-access-key|AWS_SECRET", file.name)
            self.assertEqual(yaml.safe_load(text)["permissions"], {}, file.name)

    def test_production_comes_after_tests_against_staging_and_a_yes(self):
        jobs = yaml.safe_load(read(".github/workflows/deploy.yml"))["jobs"]
        self.assertEqual(jobs["prod"]["environment"], "prod")
        self.assertIn("test-staging", jobs["prod"]["needs"])
        self.assertEqual(jobs["test-staging"]["needs"], "staging")
        self.assertEqual(jobs["build"]["needs"], "check")
        images = [step["env"]["IMAGE"] for name in ("staging", "prod") for step in jobs[name]["steps"] if "IMAGE" in step.get("env", {})]
        self.assertTrue(all(image.endswith("@${{ needs.image.outputs.digest }}") for image in images), images)

    def test_every_script_that_they_call_is_there(self):
        for file in self.files:
            for script in re.findall(r"(?:run: |\s)((?:infra|\.ci)/[\w./-]*\w)", file.read_text()):
                self.assertTrue((ROOT / script).exists(), f"{file.name}: {script}")


class Fixtures(unittest.TestCase):
    def test_templates_with_tags_of_their_own_can_be_read(self):
        text = "Parameters:\n  A: {Type: String}\nResources:\n  Fn::ForEach::X:\n    - N\n    - [P, Q]\n    - ${N}Queue: {Type: AWS::SQS::Queue, Properties: {A: !Ref A}}\n"
        self.assertEqual(list(cfn_yaml.load(text)["Resources"]), ["PQueue", "QQueue"])


if __name__ == "__main__":
    unittest.main()
