"""Stands for the `aws` program: knows a few stacks and services, writes down every call, and refuses what AWS has not.

It answers from the process of the test; what stands in PATH only passes its arguments on. A program of its own
for each call would cost most of the time of the tests.
"""

import json
import pathlib
import socketserver
import threading

import aws_model
import cfn_yaml

REGION = "eu-central-1"
ARN = f"arn:aws:ecs:{REGION}:111122223333"
STACK_ID = f"arn:aws:cloudformation:{REGION}:111122223333:stack/"


class Refused(Exception):
    """AWS says no."""


# Stands in PATH. Arguments and answer end with the connection; the first line of the answer is the exit code.
SHIM = """#!/bin/bash
exec 3<>"/dev/tcp/127.0.0.1/$STUB_PORT"
printf '%s\\0' "$@" '--end--' >&3
IFS= read -r -u 3 code
if [ "$code" -eq 0 ]; then cat <&3; else cat <&3 >&2; fi
exit "$code"
"""


class Stub:
    """One call."""

    def __init__(self, state, options):
        self.state, self.options = state, options
        self.stacks = state.setdefault("stacks", {})

    def one(self, name):
        return self.options[name][0]

    def stack(self):
        name = self.one("stack-name")
        if name not in self.stacks:
            raise Refused(f"An error occurred (ValidationError): Stack with id {name} does not exist")
        return self.stacks[name]

    def template(self):
        body = self.options.get("template-body", [""])[0]
        if body.startswith("file://"):
            return cfn_yaml.load(pathlib.Path(body[len("file://") :]).read_text())
        return cfn_yaml.load(self.state["put"][self.one("template-url").split(".com/", 1)[1]])

    def sts_get_caller_identity(self):
        return {"Account": "111122223333", "Arn": "arn:aws:sts::111122223333:assumed-role/deploy/test"}

    def ecr_describe_images(self):
        digest = self.one("image-ids").split("=", 1)[1]
        if digest in self.state.get("images_missing", []):
            raise Refused("An error occurred (ImageNotFoundException)")
        return {"imageDetails": [{"imageDigest": digest}]}

    def s3api_put_object(self):
        self.state.setdefault("put", {})[self.one("key")] = pathlib.Path(self.one("body")).read_text()
        return {}

    def rds_describe_db_cluster_snapshots(self):
        return {"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": "holdfast-dev-data-snapshot"}]}

    def cloudformation_validate_template(self):
        parameters = self.template().get("Parameters", {})
        return {
            "Parameters": [
                {"ParameterKey": key} | ({"DefaultValue": str(value["Default"])} if "Default" in value else {})
                for key, value in parameters.items()
            ]
        }

    def cloudformation_describe_stacks(self):
        stack = self.stack()
        after = stack.pop("then", None)
        status = stack["status"]
        if after:
            stack["status"] = after
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in stack.get("outputs", {}).items()]
        name = self.one("stack-name")
        return {"Stacks": [{"StackName": name, "StackId": STACK_ID + name, "StackStatus": status, "Outputs": outputs}]}

    def cloudformation_list_stack_resources(self):
        """Of a stack that is deleted, which has no name any more."""
        name = self.one("stack-name").removeprefix(STACK_ID)
        if name == self.one("stack-name") or name in self.stacks:
            raise AssertionError("only deleted stacks are asked for what they left")
        status = lambda policy: "DELETE_SKIPPED" if policy == "Retain" else "DELETE_COMPLETE"
        return {
            "StackResourceSummaries": [
                {"ResourceType": kind, "PhysicalResourceId": physical, "ResourceStatus": status(policy)}
                for kind, physical, policy in self.state.get("holds", {}).get(name, [])
            ]
        }

    def cloudformation_describe_stack_resources(self):
        return {
            "StackResources": [
                {"ResourceType": kind, "PhysicalResourceId": name} for kind, name in self.stack().get("resources", [])
            ]
        }

    def cloudformation_create_change_set(self):
        name = self.one("stack-name")
        if self.one("change-set-type") == "CREATE":
            self.stacks.setdefault(name, {"status": "REVIEW_IN_PROGRESS"})
        stack = self.stack()
        template = self.template()
        changes = self.state.get("changes", {}).get(name)
        if changes is None:
            action = "Add" if self.one("change-set-type") == "CREATE" else "Modify"
            changes = [
                {"Action": action, "LogicalResourceId": key, "ResourceType": value["Type"]}
                for key, value in template["Resources"].items()
                if "Type" in value
            ]
        stack["change_set"] = {
            "changes": changes,
            "outputs": {key: f"{key}-of-{name}" for key in template.get("Outputs", {})},
            "parameters": {p["ParameterKey"]: p["ParameterValue"] for p in json.loads(self.one("parameters"))},
        }
        return {"Id": self.one("change-set-name")}

    def cloudformation_describe_change_set(self):
        changes = self.stack()["change_set"]["changes"]
        if not changes:
            reason = "The submitted information didn't contain changes. Submit different information to create a change set."
            return {"Status": "FAILED", "StatusReason": reason, "Changes": []}
        return {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
        }

    def cloudformation_delete_change_set(self):
        self.stack().pop("change_set", None)
        return {}

    def cloudformation_execute_change_set(self):
        name, stack = self.one("stack-name"), self.stack()
        change_set = stack.pop("change_set")
        kind = "CREATE" if stack["status"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        stack["status"] = f"{kind}_IN_PROGRESS"
        if name in self.state.get("fails", []):
            stack["then"] = "ROLLBACK_COMPLETE" if kind == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
        else:
            stack["then"] = f"{kind}_COMPLETE"
            stack["outputs"] = change_set["outputs"] | self.state.get("outputs", {}).get(name, {})
            stack["parameters"] = change_set["parameters"]
            image = change_set["parameters"].get("ImageUri")
            for service in self.state.get("services", {}).values():
                if image and name.endswith("-" + service["stack"]):
                    deployment = {"status": service.get("deployment", "SUCCESSFUL"), "image": image}
                    if service.get("keeps_its_image"):
                        deployment["image"] = service["deployments"][-1]["image"]
                    service.setdefault("deployments", []).append(deployment)
        return {}

    def cloudformation_describe_stack_events(self):
        return {
            "StackEvents": [
                {
                    "LogicalResourceId": "Service",
                    "ResourceStatus": "UPDATE_FAILED",
                    "ResourceStatusReason": "it did not start",
                },
                {"LogicalResourceId": "Queue", "ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": "in use"},
            ]
        }

    def cloudformation_set_stack_policy(self):
        body = pathlib.Path(self.one("stack-policy-body")[len("file://") :])
        json.loads(body.read_text())
        self.stack()["policy"] = body.name
        return {}

    def cloudformation_update_termination_protection(self):
        self.stack()["protected"] = True
        return {}

    def cloudformation_delete_stack(self):
        stack = self.stack()
        if self.one("stack-name") in self.state.get("fails", []):
            stack["status"] = "DELETE_FAILED"
        else:
            del self.stacks[self.one("stack-name")]
        return {}

    def ecs_run_task(self):
        json.loads(self.one("network-configuration"))
        if self.state.get("migration") == "not started":
            return {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}
        return {"tasks": [{"taskArn": f"{ARN}:task/holdfast/migration"}], "failures": []}

    def ecs_describe_tasks(self):
        tasks = self.options["tasks"]
        if tasks[0].endswith("/migration"):
            looks = self.state["looks"] = self.state.get("looks", 0) + 1
            container = {"name": "migrate", "reason": ""}
            if self.state.get("migration", 0) != "no exit code":
                container["exitCode"] = self.state.get("migration", 0)
            status = "STOPPED" if looks > 1 else "RUNNING"
            return {"tasks": [{"lastStatus": status, "stoppedReason": "Essential container exited", "containers": [container]}]}
        raise AssertionError("no other task is asked about")

    def service(self, option):
        return self.state["services"][self.one(option).rsplit("/", 1)[1]]

    def ecs_describe_services(self):
        service = self.service("services")
        waits = service.get("waits", 0)
        service["waits"] = max(0, waits - 1)
        state = "IN_PROGRESS" if waits else service.get("rollout", "COMPLETED")
        rest = {"desiredCount": service["desired"], "runningCount": service["running"], "pendingCount": 0}
        if service.get("strategy") == "BLUE_GREEN":
            rest["deploymentConfiguration"] = {"strategy": "BLUE_GREEN"}
        return {"services": [rest | {"deployments": [{"rolloutState": state}]}]}

    def ecs_list_service_deployments(self):
        name = self.one("service").rsplit("/", 1)[1]
        listed = [
            {
                "serviceDeploymentArn": f"{ARN}:service-deployment/{name}/{number}",
                "targetServiceRevisionArn": f"{ARN}:service-revision/{name}/{number}",
                "status": deployment["status"],
                "createdAt": f"2026-01-01T00:00:{number:02}Z",
            }
            for number, deployment in enumerate(self.service("service").get("deployments", []))
        ]
        # In no order.
        return {"serviceDeployments": listed[1:] + listed[:1]}

    def ecs_describe_service_revisions(self):
        name, number = self.one("service-revision-arns").rsplit("/", 2)[1:]
        image = self.state["services"][name]["deployments"][int(number)]["image"]
        return {"serviceRevisions": [{"containerImages": [{"containerName": name, "image": image}]}]}

    def ecs_stop_service_deployment(self):
        name, number = self.one("service-deployment-arn").rsplit("/", 2)[1:]
        service = self.state["services"][name]
        service["deployments"][int(number)]["status"] = "ROLLBACK_SUCCESSFUL"
        stack = next(stack for key, stack in self.stacks.items() if key.endswith("-" + service["stack"]))
        stack["then"] = "UPDATE_ROLLBACK_COMPLETE"
        return {"serviceDeploymentArn": self.one("service-deployment-arn")}


class Server(socketserver.ThreadingTCPServer):
    """Answers the calls of one test, whose state it changes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, state):
        super().__init__(("127.0.0.1", 0), Handler)
        self.state, self.calls, self.wrong = state, [], []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, words):
        """Exit code and text."""
        service, operation, options, wrong = aws_model.parse(words)
        self.calls.append((f"{service} {operation}", options))
        handler = getattr(Stub, f"{service}_{operation}".replace("-", "_"), None)
        if not wrong and handler is None:
            wrong = [f"the stub does not know {service} {operation}"]
        if options.get("region") != [REGION]:
            wrong.append(f"aws {service} {operation} is called without the region")
        if not wrong:
            try:
                answer = handler(Stub(self.state, options))
            except Refused as error:
                return 254, str(error)
            wrong = aws_model.unknown_in_answer(aws_model.operation(service, operation)["answer"], answer)
        if wrong:
            self.wrong.extend(wrong)
            return 255, "; ".join(wrong)
        # Where AWS has nothing to say, the command line prints nothing.
        return 0, json.dumps(answer) if answer else ""


class Handler(socketserver.StreamRequestHandler):
    """One call."""

    def handle(self):
        data = b""
        while not data.endswith(b"\0--end--\0"):
            more = self.request.recv(65536)
            if not more:
                return
            data += more
        words = data[: -len(b"--end--\0")].decode().split("\0")[:-1]
        try:
            code, text = self.server.answer(words)
        except Exception as error:  # noqa: BLE001: the test tells of it
            self.server.wrong.append(repr(error))
            code, text = 255, repr(error)
        self.wfile.write(f"{code}\n{text}\n".encode())
