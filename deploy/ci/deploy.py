"""Deploys a new version of a Lambda function behind an alias, and takes it back if it does not answer.

    python3 deploy/ci/deploy.py --function onestep-dev --program target/lambda/onestep-api/bootstrap

It zips the program, refuses a zip over the limit, uploads it as a new version, sends requests to that version through
the alias `trial`, which has no traffic, moves the alias `live` to it, and asks again. Whatever fails before the move
leaves `live` where it was; whatever fails after it moves `live` back. It needs boto3 and the usual settings of AWS.

Exit codes: 0 `live` has the new version; 1 it failed, and `live` does not have the new version; 2 it failed, and `live`
must be set by hand: the last line has the command; 64 command line.
"""

import argparse
import io
import json
import pathlib
import signal
import sys
import urllib.error
import urllib.request
import zipfile

import boto3
import botocore.config
import botocore.exceptions

# What Lambda takes in one call, in bytes; a larger zip would have to go through S3.
LAMBDA_ZIP_LIMIT = 50 * 1024 * 1024
# Seconds that one request may take. The API itself gives up after 25.
REQUEST_LIMIT = 40
# The signals that end a job.
ENDS = (signal.SIGINT, signal.SIGTERM)
# Once a second, for five minutes.
PATIENCE = {"Delay": 1, "MaxAttempts": 300}


class Stop(Exception):
    """Why the deployment ends here, as a sentence."""


class ToldToEnd(BaseException):
    """A signal came. No Exception: boto3 would take it for a network error and try again."""

    def __str__(self):
        return "it was told to end"


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def arguments():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--function", required=True, help="name of the function")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--program", type=pathlib.Path, help="the file `bootstrap` to deploy")
    what.add_argument("--version", help="a version that was published before, to go back to, with the same checks")
    parser.add_argument("--alias", default="live", help="the alias with the traffic (default: live)")
    parser.add_argument("--trial-alias", default="trial", help="the alias for the first requests (default: trial)")
    parser.add_argument("--max-zip-bytes", type=int, default=LAMBDA_ZIP_LIMIT, help="refuse a larger zip")
    parser.add_argument(
        "--smoke",
        action="append",
        metavar="PATH",
        help="a path that must answer GET with 200; repeatable (default: /healthz and /readyz)",
    )
    parser.add_argument("--url", help="address of the API; after the move the paths are also asked there")
    given = parser.parse_args()
    given.smoke = given.smoke or ["/healthz", "/readyz"]
    if given.alias == given.trial_alias:
        parser.error("--alias and --trial-alias are the same")
    return given


def zipped(program):
    """The zip of a program. The same program gives the same bytes, so that Lambda sees that nothing changed."""
    try:
        content = program.read_bytes()
    except OSError as error:
        raise Stop(f"{program} cannot be read: {error.strerror}") from error
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(entry, content, compresslevel=9)
    return archive.getvalue()


def request(path):
    """A GET as an HTTP API sends it (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "deploy.invalid", "x-forwarded-proto": "https"},
        "requestContext": {
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "deploy.py",
            },
            "requestId": "deploy",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


class Deployment:
    def __init__(self, given):
        self.given = given
        config = botocore.config.Config(read_timeout=REQUEST_LIMIT, retries={"mode": "standard"})
        self.aws = boto3.client("lambda", config=config)
        self.version = None
        self.before = None
        self.moved = False

    def run(self):
        given = self.given
        archive = self.checked_zip() if given.program else None
        alias = self.alias_with_traffic()
        self.before = alias["FunctionVersion"]
        self.version = self.upload(archive) if archive is not None else self.published()
        if self.version == self.before:
            say(f"{given.alias} has version {self.version} already: nothing changed")
            return
        self.point_trial()
        self.ask(given.trial_alias)
        try:
            self.aws.update_alias(
                FunctionName=given.function,
                Name=given.alias,
                FunctionVersion=self.version,
                RevisionId=alias["RevisionId"],
            )
            self.moved = True
            say(f"{given.alias} moved from version {self.before} to {self.version}")
            self.ask(given.alias)
            self.ask_from_outside()
        except BaseException as error:
            # Also when this process is told to end: what was not checked to its end does not stay.
            self.roll_back(error)
            raise

    def checked_zip(self):
        archive = zipped(self.given.program)
        limit = min(self.given.max_zip_bytes, LAMBDA_ZIP_LIMIT)
        say(f"zip: {len(archive):,} bytes of {limit:,}")
        if len(archive) > limit:
            size = f"{len(archive):,} bytes, {limit:,} are allowed"
            raise Stop(f"the zip of {self.given.program} is too large: {size}. Nothing was uploaded")
        return archive

    def alias_with_traffic(self):
        given = self.given
        try:
            alias = self.aws.get_alias(FunctionName=given.function, Name=given.alias)
        except self.aws.exceptions.ResourceNotFoundException as error:
            raise Stop(
                f"there is no alias {given.alias} of {given.function}: make the stack first (deploy/api/README.md)"
            ) from error
        if (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
            raise Stop(f"{given.alias} divides its traffic between two versions: give all of it to one first")
        return alias

    def upload(self, archive):
        function = self.given.function
        # A change that is still being applied refuses the next one.
        self.aws.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=PATIENCE)
        version = self.aws.update_function_code(FunctionName=function, ZipFile=archive, Publish=True)["Version"]
        self.aws.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=PATIENCE)
        self.wait_for(version)
        say(f"uploaded as version {version}")
        return version

    def published(self):
        try:
            self.wait_for(self.given.version)
        except self.aws.exceptions.ResourceNotFoundException as error:
            raise Stop(f"{self.given.function} has no version {self.given.version}") from error
        return self.given.version

    def wait_for(self, version):
        # The waiter reports a missing version by its own error; this asks first.
        self.aws.get_function_configuration(FunctionName=self.given.function, Qualifier=version)
        waiter = self.aws.get_waiter("published_version_active")
        waiter.wait(FunctionName=self.given.function, Qualifier=version, WaiterConfig=PATIENCE)

    def point_trial(self):
        wanted = {"FunctionName": self.given.function, "Name": self.given.trial_alias, "FunctionVersion": self.version}
        try:
            self.aws.update_alias(**wanted)
        except self.aws.exceptions.ResourceNotFoundException:
            self.aws.create_alias(**wanted, Description="The version that is tried before it gets traffic")

    def ask(self, alias):
        """Sends each request through an alias; all must be answered, and by the new version."""
        for path in self.given.smoke:
            answer = self.aws.invoke(
                FunctionName=self.given.function, Qualifier=alias, Payload=json.dumps(request(path))
            )
            payload = answer["Payload"].read()
            where = f"GET {path} through {alias}"
            by = answer.get("ExecutedVersion", self.version)
            if by != self.version:
                raise Stop(f"{where} was answered by version {by}, not by {self.version}: somebody else moved {alias}")
            try:
                said = json.loads(payload)
            except ValueError:
                said = None
            said = said if isinstance(said, dict) else {}
            if answer.get("FunctionError"):
                # Without its text, which may hold anything: the log of the function has it.
                kind = said.get("errorType", answer["FunctionError"])
                raise Stop(f"{where} failed: {kind}. The log of {self.given.function} says why")
            check(where, said.get("statusCode"), said.get("body"))

    def ask_from_outside(self):
        for path in self.given.smoke if self.given.url else []:
            address = self.given.url.rstrip("/") + path
            try:
                with urllib.request.urlopen(address, timeout=REQUEST_LIMIT) as answer:
                    status, body = answer.status, answer.read(1000)
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read(1000)
            except (OSError, ValueError) as error:
                raise Stop(f"GET {address} got no answer: {error}") from error
            check(f"GET {address}", status, body.decode(errors="replace"))

    def roll_back(self, reason):
        given = self.given
        # Runners that cancel a job send a second signal some seconds after the first.
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        say(f"failed {'after' if self.moved else 'at'} the move: {reason or type(reason).__name__}")
        try:
            # The move may have happened although its answer was lost, and somebody else may have moved the alias since.
            now = self.aws.get_alias(FunctionName=given.function, Name=given.alias)
            if now["FunctionVersion"] == self.version:
                self.aws.update_alias(
                    FunctionName=given.function,
                    Name=given.alias,
                    FunctionVersion=self.before,
                    RevisionId=now["RevisionId"],
                )
                say(f"{given.alias} moved back to version {self.before}")
            else:
                say(f"{given.alias} has version {now['FunctionVersion']}: it is left there")
        except Exception as error:
            say(f"{given.alias} could not be moved back: {error or type(error).__name__}. Do it by hand:")
            command = f"aws lambda update-alias --function-name {given.function} --name {given.alias}"
            say(f"{command} --function-version {self.before}")
            sys.exit(2)


def check(where, status, body):
    if status != 200:
        # What these paths answer is public.
        raise Stop(f"{where} was answered with {status}, not 200: {str(body)[:300]}")
    say(f"{where}: 200")


def say(text):
    print(text, flush=True)


def told_to_end(_number, _frame):
    raise ToldToEnd


def main():
    given = arguments()
    for number in ENDS:
        signal.signal(number, told_to_end)
    try:
        deployment = Deployment(given)
        deployment.run()
    except (Stop, ToldToEnd, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        say(f"not deployed: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
