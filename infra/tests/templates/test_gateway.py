"""The REST API and the user pool: what clients meet before the API itself."""

import re

from spoil import everywhere, put, twins
from world import ROOT, World, world

# Paths that are called without a key of a usage plan: by probes, and by providers, whose notices are signed.
WITHOUT_KEY = {"/health/", "/v1/providers/"}


def of(there, kind):
    return ((symbol, resource["Properties"]) for symbol, resource in there.resources(kind))


def path(there, symbol):
    """The path of a resource of the REST API, up to what its last part stands for."""
    resource = there.find(symbol)
    if resource is None or resource["Type"] != "AWS::ApiGateway::Resource":
        return "/"
    part = resource["Properties"]["PathPart"]
    return path(there, resource["Properties"]["ParentId"]) + ("" if part == "{proxy+}" else f"{part}/")


def the_gateway_hands_requests_on(there):
    """Each path to the same path of the load balancer, as it comes, with the client's address, and all of them deployed."""
    methods = dict(of(there, "AWS::ApiGateway::Method"))
    free, domain = set(), there.parameters["edge"]["DomainName"]
    for symbol, method in methods.items():
        integration, start = method["Integration"], path(there, method["ResourceId"])
        if integration["Uri"] != f"https://{domain}{start}{{proxy}}":
            yield f"{symbol} of {start} leads to {integration['Uri']}"
        if not method["ApiKeyRequired"]:
            free.add(start)
        if integration.get("ResponseTransferMode") != "STREAM" or integration["Type"] != "HTTP_PROXY":
            yield f"{symbol} keeps answers back until they are whole"
        if not 29000 < integration["TimeoutInMillis"] <= 900000:
            yield f"{symbol} ends after {integration['TimeoutInMillis']} ms"
        if integration["RequestParameters"].get("integration.request.header.X-Forwarded-For") != "context.identity.sourceIp":
            yield f"{symbol} leaves it to clients who they are"
    if methods and free != WITHOUT_KEY:
        yield f"without a key: {sorted(free)}"
    for symbol, resource in there.resources("AWS::ApiGateway::Deployment"):
        if {f"edge:{name}" for name in resource["DependsOn"]} != set(methods):
            yield f"{symbol} is made before all methods are"


def a_new_account_can_have_the_stage(there):
    """API Gateway refuses a stage with a log while the account has no role for logs."""
    for symbol, resource in there.resources("AWS::ApiGateway::Stage"):
        account = there.find(f"edge:{resource.get('DependsOn')}")
        if "AccessLogSetting" in resource["Properties"] and (account or {}).get("Type") != "AWS::ApiGateway::Account":
            yield f"{symbol} is made before API Gateway may write logs"
    for symbol, account in of(there, "AWS::ApiGateway::Account"):
        role = there.find(account.get("CloudWatchRoleArn", "")) or {"Properties": {}}
        if not str(role["Properties"].get("ManagedPolicyArns")).endswith("AmazonAPIGatewayPushToCloudWatchLogs']"):
            yield f"{symbol}: its role writes no logs"


def tokens_of_the_pool_are_taken(there):
    """All clients are audiences of the API; machines ask for scopes that there are; people come back to their own machine."""
    audiences = next(one["Value"] for one in there.find("api:ApiTask")["Properties"]["ContainerDefinitions"][0]["Environment"] if one["Name"] == "HOLDFAST_AUTH_AUDIENCE")
    clients = dict(of(there, "AWS::Cognito::UserPoolClient"))
    if set(audiences.split(",")) != set(clients):
        yield f"the API takes tokens of {audiences}"
    if clients and not any(client["AllowedOAuthFlows"] == ["code"] for client in clients.values()):
        yield "no person can log in"
    scopes = {f"{server['Identifier']}/{one['ScopeName']}" for _, server in of(there, "AWS::Cognito::UserPoolResourceServer") for one in server["Scopes"]}
    for symbol, client in clients.items():
        yield from (f"{symbol}: there is no scope {one}" for one in client["AllowedOAuthScopes"] if one not in scopes | {"openid"})
        person = client["AllowedOAuthFlows"] == ["code"]
        if person != (not client["GenerateSecret"]):
            yield f"{symbol} has a secret, and is on people's machines"
        for url in client.get("CallbackURLs", []):
            # As the console has it, with the port that it must be told.
            if not re.fullmatch(r"http://127\.0\.0\.1:\d{4,5}/", url):
                yield f"{symbol} sends people to {url}"
        admin = "holdfast/wallet:admin" in client["AllowedOAuthScopes"]
        if admin and there.environment == "prod":
            yield f"{symbol} acts for every owner of production"


test_gateway = everywhere(the_gateway_hands_requests_on)
test_account = everywhere(a_new_account_can_have_the_stage)
test_tokens = everywhere(tokens_of_the_pool_are_taken)

INTEGRATION = ["Integration"]
test_gateway_twins = twins(
    the_gateway_hands_requests_on,
    {
        "health with a key": ("staging", "edge:HealthMethod", put(["ApiKeyRequired"], True)),
        "notices with a key": ("prod", "edge:ProvidersMethod", put(["ApiKeyRequired"], True)),
        "money without a key": ("prod", "edge:VersionMethod", put(["ApiKeyRequired"], False)),
        "a path that is lost": ("prod", "edge:ProvidersMethod", put([*INTEGRATION, "Uri"], "https://wallet.example.com/{proxy}")),
        "a part below another": ("prod", "edge:ProvidersPath", put(["ParentId"], "edge:HealthRoot")),
        "whole answers": ("prod", "edge:RestMethod", put([*INTEGRATION, "ResponseTransferMode"], "BUFFERED")),
        "29 s": ("prod", "edge:RestMethod", put([*INTEGRATION, "TimeoutInMillis"], 29000)),
        "clients say who they are": ("prod", "edge:RestMethod", put([*INTEGRATION, "RequestParameters", "integration.request.header.X-Forwarded-For"], None)),
        "a method that is not deployed": ("prod", "edge:RestDeployment", lambda resource: resource.update(DependsOn=["RestMethod"])),
    },
)
test_account_twins = twins(
    a_new_account_can_have_the_stage,
    {
        "no account": ("prod", "edge:RestStage", lambda resource: resource.pop("DependsOn") and None),
        "no role": ("staging", "edge:GatewayAccount", put(["CloudWatchRoleArn"], None)),
        "a role without rights": ("prod", "edge:GatewayLogRole", put(["ManagedPolicyArns"], [])),
    },
)
test_tokens_twins = twins(
    tokens_of_the_pool_are_taken,
    {
        "a scope that is none": ("prod", "edge:MachineClient", put(["AllowedOAuthScopes"], ["wallet:read"])),
        "a secret for people": ("prod", "edge:ConsoleClient", put(["GenerateSecret"], True)),
        "nobody logs in": ("dev", "edge:ConsoleClient", put(["AllowedOAuthFlows"], ["client_credentials"])),
        "another machine": ("prod", "edge:ConsoleClient", put(["CallbackURLs"], ["https://admin.example.com/"])),
        "every owner of production": ("prod", "edge:MachineClient", put(["AllowedOAuthScopes"], ["holdfast/wallet:admin"])),
        "a scope that is gone": ("staging", "edge:UserPoolScopes", put(["Scopes"], [])),
    },
)


def test_what_runbooks_block_by_is_there():
    """An address set is asked for by its name, and there is no time to look for another one."""
    named = {name for page in (ROOT / "docs" / "runbooks").glob("*.md") for name in re.findall(r"ip-set --name (\S+)", page.read_text())}
    sets = {one.get("Name", "").replace("holdfast-prod-", "holdfast-$E-") for _, one in of(world("prod"), "AWS::WAFv2::IPSet")}
    assert named <= sets


def test_groups_of_the_pool_are_the_roles_of_the_api():
    groups = {group["GroupName"] for _, group in of(world("prod"), "AWS::Cognito::UserPoolGroup")}
    assert groups == set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "ACCESS.md").read_text().partition("## Operators")[2], re.MULTILINE))


def test_scopes_of_the_pool_are_those_of_the_api():
    (server,) = (one for _, one in of(world("prod"), "AWS::Cognito::UserPoolResourceServer"))
    known = set(re.findall(r"^\| `(wallet:\w+)` \|", (ROOT / "docs" / "ACCESS.md").read_text(), re.MULTILINE))
    assert {one["ScopeName"] for one in server["Scopes"]} == known


def test_with_another_issuer_there_is_no_pool():
    def change(_, parameters):
        parameters["edge"]["AuthProvider"] = "oidc"
        parameters["api"] |= {"AuthIssuer": "https://login.example.com/", "AuthAudience": "holdfast"}

    there = World("staging", change)
    assert not [one for one in there.resources() if one[1]["Type"].startswith("AWS::Cognito")]
    assert "UserPoolAudience" not in there.outputs
