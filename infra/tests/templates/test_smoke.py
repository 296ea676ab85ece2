"""A client's look at a system with a gateway and an issuer in front, and how the pipeline comes to key and secret."""

import base64
import http.server
import json
import os
import re
import stat
import subprocess
import threading
import urllib.parse

import pytest
import yaml

from world import INFRA, ROOT, world

SCRIPT = INFRA / "smoke.sh"
DEPLOY = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())
PREFIXED = "holdfast/wallet:read holdfast/wallet:write holdfast/wallet:deposit holdfast/wallet:admin"


class Door(http.server.BaseHTTPRequestHandler):
    """Health without a key; all else with a key and the token that client or workflow got for the right scopes."""

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        seen = self.server
        if self.path == "/health/ready":
            self.answer(200, {})
        elif self.path.startswith("/own-token"):
            self.answer(200, {"value": "workflow"})
        elif self.let_in():
            self.answer(200, {"ledger_minor": {"w1": 600, "w2": 400}[self.path.split("/")[3]]})
        else:
            seen.refused.append(self.path)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/oauth2/token":
            form = dict(urllib.parse.parse_qsl(body))
            basic = "Basic " + base64.b64encode(b"client:secret/+=").decode()
            client = form["grant_type"] == "client_credentials" and self.headers["Authorization"] == basic
            workflow = form["grant_type"].endswith("token-exchange") and form.get("subject_token") == "workflow"
            good = (client or workflow) and form["scope"] == self.server.scopes
            self.answer(200 if good else 400, {"access_token": "good"} if good else {"error": "invalid_grant"})
        elif self.let_in():
            self.server.made += self.path == "/v1/wallets"
            self.answer(201, {"id": f"w{self.server.made}" if self.path == "/v1/wallets" else "t1", "status": "settled"})

    def let_in(self):
        if self.headers.get("x-api-key") == "key" and self.headers.get("Authorization") == "Bearer good":
            return True
        self.answer(403, {"message": "Forbidden"})
        return False


@pytest.fixture
def door():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.scopes, server.made, server.refused = PREFIXED, 0, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def look(door, *words, **given):
    url = f"http://127.0.0.1:{door.server_port}"
    known = {"PATH": os.environ["PATH"], "HOLDFAST_TOKEN_URL": f"{url}/oauth2/token"}
    return subprocess.run([SCRIPT, *words, url], env=known | given, capture_output=True, text=True, timeout=60)


CLIENT = {"HOLDFAST_CLIENT_ID": "client", "HOLDFAST_CLIENT_SECRET": "secret/+="}


def test_a_client_with_key_and_secret_gets_through(door):
    done = look(door, HOLDFAST_API_KEY="key", HOLDFAST_SCOPES=PREFIXED, **CLIENT)
    assert done.returncode == 0, done.stderr
    assert "a transfer settled, once" in done.stdout and "secret" not in done.stdout + done.stderr


def test_a_workflow_exchanges_its_own_token(door):
    door.scopes = "wallet:read wallet:write wallet:deposit wallet:admin"
    asks = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{door.server_port}/own-token?a=b", "HOLDFAST_TOKEN_AUDIENCE": "holdfast"}
    done = look(door, HOLDFAST_API_KEY="key", **asks)
    assert done.returncode == 0, done.stderr


def test_a_look_needs_neither_key_nor_token(door):
    done = look(door, "--only-look")
    assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr


@pytest.mark.parametrize("given,words", [
    ({"HOLDFAST_SCOPES": PREFIXED, **CLIENT}, "403"),
    # Scopes as the API calls them, without what the user pool puts before.
    ({"HOLDFAST_API_KEY": "key", **CLIENT}, "gives no token"),
    ({"HOLDFAST_API_KEY": "key", "HOLDFAST_SCOPES": PREFIXED, **CLIENT, "HOLDFAST_CLIENT_SECRET": "old"}, "gives no token"),
])
def test_what_is_missing_is_said(door, given, words):
    done = look(door, **given)
    assert done.returncode != 0 and words in done.stderr, done.stderr


def step(job, name):
    return next(one for one in DEPLOY["jobs"][job]["steps"] if one.get("name") == name)["run"]


def stub(folder, name, text):
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/bash\n" + text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


# Answers what AWS would, and only to questions for what the templates made.
AWS = """case "$1 $2" in
"cloudformation describe-stacks") cat outputs.json ;;
"apigateway get-api-key") [[ $* == *"--api-key edge:FirstKey --include-value"* ]] && echo key ;;
"cognito-idp describe-user-pool-client") [[ $* == *"--user-pool-id edge:UserPool --client-id edge:SmokeClient "* ]] && echo secret ;;
esac
"""


def handed_over(tmp_path, outputs, given):
    """The variables that the pipeline's step gives to the script."""
    stub(tmp_path / "bin", "aws", AWS)
    stub(tmp_path / "infra", "smoke.sh", "env | grep ^HOLDFAST_ >said; echo \"$@\" >>said")
    pairs = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    (tmp_path / "outputs.json").write_text(json.dumps(pairs))
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "APP_URL": "https://wallet.example.com", **given}
    done = subprocess.run(["bash", "-e", "-c", step("test-staging", "A transfer settles, once")], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *said, words = (tmp_path / "said").read_text().splitlines()
    assert words == "https://wallet.example.com"
    return dict(one.split("=", 1) for one in said), done.stdout


def test_the_pipeline_asks_for_what_the_templates_made(tmp_path):
    there = world("staging")
    said, printed = handed_over(tmp_path, there.stacks["edge"].outputs, {"HOLDFAST_TOKEN_URL": ""})
    scopes = there.find("edge:SmokeClient")["Properties"]["AllowedOAuthScopes"]
    assert said["HOLDFAST_API_KEY"] == "key" and said["HOLDFAST_CLIENT_SECRET"] == "secret"
    assert said["HOLDFAST_TOKEN_URL"].endswith(".amazoncognito.com/oauth2/token")
    assert sorted(said["HOLDFAST_SCOPES"].split()) == sorted(scopes)
    assert all(line.startswith("::add-mask::") for line in printed.splitlines())


def test_with_another_issuer_the_pipeline_exchanges_its_token(tmp_path):
    said, _ = handed_over(tmp_path, {"ApplicationUrl": "x"}, {"HOLDFAST_TOKEN_URL": "https://login.example.com/token"})
    assert said["HOLDFAST_TOKEN_URL"] == "https://login.example.com/token" and not said.get("HOLDFAST_CLIENT_ID") and "HOLDFAST_API_KEY" not in said


# A registry of files: a tag is a file, and who writes one anew has failed, as with immutable tags.
DOCKER = """tags() { while [ $# -gt 0 ]; do [ "$1" = --tag ] && echo "$2"; shift; done; }
case "$2 $3" in
"imagetools inspect") test -e "registry/$4" ;;
*) echo "$2 $3" >>calls
   for tag in $(tags "$@"); do test ! -e "registry/$tag" || { echo "$tag exists" >&2; exit 1; }; mkdir -p registry; touch "registry/$tag"; done ;;
esac
"""


@pytest.mark.parametrize("there,calls", [
    ([], ["build ."]),
    (["staging:c0ffee-arm64", "prod:c0ffee-arm64"], []),
    (["staging:c0ffee-arm64"], ["imagetools create"]),
    (["prod:c0ffee-arm64"], ["imagetools create"]),
])
def test_a_build_that_is_run_again_pushes_no_tag_twice(tmp_path, there, calls):
    stub(tmp_path / "bin", "docker", DOCKER)
    (tmp_path / "registry").mkdir()
    (tmp_path / "calls").write_text("")
    for tag in there:
        (tmp_path / "registry" / tag).touch()
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "STAGING": "staging", "PROD": "prod", "ARCH": "arm64", "GITHUB_SHA": "c0ffee"}
    script = step("build", "Build once, push to both, with what is in it and how it was made")
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "calls").read_text().splitlines() == calls
    assert sorted(one.name for one in (tmp_path / "registry").iterdir()) == ["prod:c0ffee-arm64", "staging:c0ffee-arm64"]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_repository_keeps_whole_commits(environment):
    """Each processor has an image, its attestation and an index of both; one more index joins them."""
    repository = world(environment).find("bootstrap:Repository")["Properties"]
    (rule,) = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    processors = len(DEPLOY["jobs"]["build"]["strategy"]["matrix"]["include"])
    commits, rest = divmod(rule["selection"]["countNumber"], 3 * processors + 1)
    assert rest == 0 and commits >= {"dev": 20, "staging": 50, "prod": 100}[environment]
    assert re.search(r"--sbom=true --provenance", step("build", "Build once, push to both, with what is in it and how it was made"))
