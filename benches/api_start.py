"""How soon the API answers its first event on Lambda, what it needs, and how fast it reads and writes; beside a Django of the same shape.

    python3 benches/api_start.py target/small/onestep-api [--seconds 10] [--starts 11] [--original COMMAND]

A start goes through a Runtime API of this script: from the spawn of the process to its answer to an event that lists todos. Throughput
is that of one process over HTTP with SQLite, `GET /todos/todo/` with 200 todos of one sub-todo each, and creates that are durable when
they are answered; the load is made by `hey` (apt install hey).

The peer is Django 5.0.6 with REST framework 3.15.2 (installed into target/api-peer): one query a todo, as the original has, behind gunicorn
with one worker. It imports none of the original's other packages, so that it starts sooner than the original does. `--original`
is a command that serves Lambda's Runtime API, such as the original itself; its start is measured with the same event.
"""

import argparse
import csv
import http.server
import io
import json
import os
import pathlib
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile

SECRET = "a key of a bench, which is 32 bytes long or more"
TODOS = 200
PEER = ["Django==5.0.6", "djangorestframework==3.15.2", "PyJWT==2.9.0", "gunicorn==23.0.0"]
HERE = pathlib.Path(__file__).resolve()


# ---- the peer ---------------------------------------------------------------------------------------------------------------


def peer():
    """A WSGI application with the todos of one user."""
    import django
    from django.conf import settings

    settings.configure(
        DEBUG=False,
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="peer_urls",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEER_DB"], "CONN_MAX_AGE": None}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    import types

    import jwt
    from django.contrib.auth.models import User
    from django.core.wsgi import get_wsgi_application
    from django.db import connection, models
    from django.urls import path
    from rest_framework import authentication, exceptions, permissions, serializers
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Category(models.Model):
        user = models.ForeignKey(User, on_delete=models.CASCADE)
        title = models.CharField(max_length=100, null=True)
        color = models.IntegerField()
        rank = models.CharField(max_length=255)
        deleted_at = models.DateTimeField(null=True)

        class Meta:
            app_label = "peer"

    class Item(models.Model):
        content = models.CharField(max_length=255)
        date = models.DateField(null=True)
        due_time = models.TimeField(null=True)
        rank = models.CharField(max_length=255)
        is_completed = models.BooleanField(default=False)
        created_at = models.DateTimeField(auto_now_add=True)
        updated_at = models.DateTimeField(auto_now=True)
        deleted_at = models.DateTimeField(null=True)

        class Meta:
            abstract = True

    class Todo(Item):
        user = models.ForeignKey(User, on_delete=models.CASCADE)
        category = models.ForeignKey(Category, on_delete=models.CASCADE)

        class Meta:
            app_label = "peer"

    class SubTodo(Item):
        todo = models.ForeignKey(Todo, on_delete=models.CASCADE)

        class Meta:
            app_label = "peer"

    class SubTodoSerializer(serializers.ModelSerializer):
        class Meta:
            model = SubTodo
            fields = ["id", "content", "todo", "date", "rank", "is_completed", "created_at", "updated_at", "deleted_at", "due_time"]

    class TodoSerializer(serializers.ModelSerializer):
        children = serializers.SerializerMethodField()

        def get_children(self, todo):
            return SubTodoSerializer(SubTodo.objects.filter(todo=todo, deleted_at=None).order_by("rank"), many=True).data

        class Meta:
            model = Todo
            fields = ["id", "content", "category", "date", "due_time", "user", "rank", "is_completed", "children"]
            read_only_fields = ["rank", "user"]

    class Bearer(authentication.BaseAuthentication):
        def authenticate(self, request):
            try:
                claims = jwt.decode(request.headers.get("Authorization", "").removeprefix("Bearer "), SECRET, algorithms=["HS256"])
                return User.objects.get(id=claims["user_id"]), None
            except (jwt.InvalidTokenError, User.DoesNotExist) as error:
                raise exceptions.AuthenticationFailed from error

    class Todos(APIView):
        authentication_classes = [Bearer]
        permission_classes = [permissions.IsAuthenticated]

        def get(self, request):
            todos = Todo.objects.filter(user=request.user, deleted_at=None).order_by("rank")
            return Response(TodoSerializer(todos, many=True).data)

        def post(self, request):
            serializer = TodoSerializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            last = Todo.objects.filter(user=request.user, deleted_at=None).order_by("-rank").first()
            serializer.save(user=request.user, rank=f"0|{int(last.rank[2:8], 36) + 8 if last else 0:06d}:"[:255])
            return Response(serializer.data, status=201)

    if not connection.introspection.table_names():
        from django.core.management import call_command

        call_command("migrate", run_syncdb=True, verbosity=0)
        with connection.schema_editor() as editor:
            for model in (Category, Todo, SubTodo):
                editor.create_model(model)
        user = User.objects.create(username="me@example.com")
        category = Category.objects.create(user=user, color=1, rank="0|hzzzzz:")
        for place in range(TODOS):
            todo = Todo.objects.create(user=user, category=category, content=f"todo {place}", rank=f"0|{place:06d}:")
            SubTodo.objects.create(todo=todo, content=f"step {place}", rank=f"0|{place:06d}:")
    urls = types.ModuleType("peer_urls")
    urls.urlpatterns = [path("todos/todo/", Todos.as_view())]
    sys.modules["peer_urls"] = urls
    return get_wsgi_application()


def peer_on_lambda():
    """The peer behind the Runtime API, as a WSGI wrapper puts it there."""
    application = peer()
    api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
    while True:
        with urllib.request.urlopen(api + "next") as following:
            request_id, event = following.headers["Lambda-Runtime-Aws-Request-Id"], json.load(following)
        environ = {
            "REQUEST_METHOD": event["requestContext"]["http"]["method"], "PATH_INFO": event["rawPath"], "QUERY_STRING": "",
            "SERVER_NAME": "lambda", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "https", "wsgi.version": (1, 0),
            "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        environ.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in event["headers"].items()})
        status = []
        body = b"".join(application(environ, lambda line, headers, _=None: status.append(int(line.split()[0]))))
        answer = json.dumps({"statusCode": status[0], "body": body.decode()}).encode()
        urllib.request.urlopen(urllib.request.Request(api + request_id + "/response", data=answer, method="POST")).read()


# ---- measuring --------------------------------------------------------------------------------------------------------------


class Runtime(http.server.ThreadingHTTPServer):
    """A Runtime API that hands out one event and keeps its answer."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), RuntimeAnswer)
        self.event, self.handed, self.answered, self.answer, self.at = json.dumps(event).encode(), False, threading.Event(), None, 0.0

    def handle_error(self, *_):
        pass  # the process is killed as soon as it has answered


class RuntimeAnswer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.server.handed:
            threading.Event().wait()  # a frozen environment
        self.server.handed = True
        self.reply(200, self.server.event)

    def do_POST(self):
        answer, self.server.at = self.rfile.read(int(self.headers.get("Content-Length", 0))), time.perf_counter()
        self.server.answer = answer
        self.server.answered.set()
        self.reply(202, b"")

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:ap-northeast-2:111122223333:function:onestep")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def memory(pid):
    """Resident memory in MiB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def start(command, environment, event, expected):
    """Milliseconds from the spawn to the answer, and MiB then."""
    runtime = Runtime(event)
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = environment | {
        "PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "onestep",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_VERSION": "1",
    }  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not runtime.answered.wait(120):
            raise SystemExit(f"{command}: no answer")
        answer = json.loads(runtime.answer)
        if expected is not None and (answer["statusCode"], len(json.loads(answer["body"]))) != (200, expected):
            raise SystemExit(f"{command}: {runtime.answer[:300]}")
        return (runtime.at - began) * 1000, memory(process.pid)
    finally:
        process.kill()
        process.wait()
        runtime.shutdown()


def load(name, address, token, seconds, rate=None, body=None, connections=20):
    """One line of what `hey` saw."""
    arguments = ["hey", "-z", f"{seconds}s", "-c", str(connections), "-o", "csv", "-H", f"Authorization: Bearer {token}"]
    arguments += ["-q", str(rate / connections)] if rate else []
    arguments += ["-m", "POST", "-T", "application/json", "-d", body] if body else []
    output = subprocess.run([*arguments, address], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(output)))
    wanted = "201" if body else "200"
    bad = sum(row["status-code"] != wanted for row in rows)
    times = sorted(float(row["response-time"]) * 1000 for row in rows)
    if not times:
        raise SystemExit(f"{name}: nothing was answered")
    p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
    print(f"  {name:<34} {len(rows) / seconds:8.1f} requests/s   p50 {p50:8.2f} ms   p99 {p99:8.2f} ms   not {wanted}: {bad}", flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def request(address, token, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(address, data=None if body is None else json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def serve(command, environment, address):
    process = subprocess.Popen(command, env=environment | {"PATH": os.environ["PATH"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).read()
            return process
        except urllib.error.HTTPError:
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise SystemExit(f"{command}: does not listen")


def both_loads(name, process, base, token, create, seconds):
    with urllib.request.urlopen(urllib.request.Request(base + "/todos/todo/", headers={"Authorization": f"Bearer {token}"})) as answer:
        size = len(answer.read())
    print(f"{name}: GET /todos/todo/ with {TODOS} todos and {TODOS} sub-todos, {size:,} bytes")
    # hey sends those of all its connections at the same moment; two come as near to one every 5 ms as it can.
    load("GET, 200 requests/s wanted", base + "/todos/todo/", token, seconds, rate=200, connections=2)
    load("GET, as many as it can", base + "/todos/todo/", token, seconds)
    print(f"  resident after it                 {memory(process):8.1f} MiB")
    load("POST, as many as it can", base + "/todos/todo/", token, seconds, body=create)


def event(token):
    return {
        "version": "2.0", "rawPath": "/todos/todo/", "rawQueryString": "", "headers": {"authorization": f"Bearer {token}", "host": "x"},
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/todos/todo/"}}, "isBase64Encoded": False,
    }  # fmt: skip


def starts(name, command, environment, asked, expected, count):
    measured = [start(command, environment, asked, expected) for _ in range(count)]
    times = sorted(time for time, _ in measured)
    resident = statistics.median(resident for _, resident in measured)
    print(f"{name}: start to first answer, median of {count}: {statistics.median(times):.1f} ms ({times[0]:.1f} to {times[-1]:.1f}); resident then {resident:.1f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path, nargs="?")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--starts", type=int, default=11)
    parser.add_argument("--original", help="a command that serves the Runtime API; started with this environment")
    parser.add_argument("--as-peer-on-lambda", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_peer_on_lambda:
        return peer_on_lambda()
    if arguments.program is None:
        parser.error("which program?")
    program = arguments.program.resolve()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(program, "bootstrap")
    print(f"{program.name}: {program.stat().st_size:,} bytes, zipped {len(packed.getvalue()):,}")

    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "ONESTEP_STORE": f"sqlite:{folder}/onestep.db", "ONESTEP_SECRET_KEY": SECRET, "ONESTEP_APPLE_AUDIENCES": "x",
            "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS": "x", "HOME": folder, "RUST_LOG": "warn",
        }  # fmt: skip
        token = subprocess.run([program, "token", "me@example.com"], env=environment, check=True, capture_output=True, text=True).stdout.strip()
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        process = serve([program], environment | {"PORT": str(port)}, base + "/healthz")
        try:
            category = request(base + "/todos/category/", token, {"color": 1, "title": "home"})["id"]
            for place in range(TODOS):
                todo = request(base + "/todos/todo/", token, {"content": f"todo {place}", "categoryId": category})["id"]
                request(base + "/todos/sub/", token, [{"content": f"step {place}", "todoId": todo}])
            starts("this program", [program], environment, event(token), TODOS, arguments.starts)
            starts("this program, a ping", [program], environment, {"warmer": True}, None, arguments.starts)
            if arguments.original:
                starts("the original", shlex.split(arguments.original), dict(os.environ), event(token), None, 3)
            create = json.dumps({"content": "one more", "categoryId": category})
            both_loads("this program", process.pid, base, token, create, arguments.seconds)
        finally:
            process.kill()
            process.wait()

        venv = pathlib.Path("target/api-peer")
        if not (venv / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *PEER], check=True)
            (venv / "ready").touch()
        python = str(venv.resolve() / "bin/python")
        environment = {"PEER_DB": f"{folder}/peer.db", "HOME": folder}
        make = "import sys; sys.path.insert(0, sys.argv[1]); import api_start, jwt, time; api_start.peer(); print(jwt.encode({'user_id': 1}, api_start.SECRET, 'HS256'))"
        token = subprocess.run([python, "-c", make, str(HERE.parent)], env=environment, check=True, capture_output=True, text=True).stdout.strip()
        starts("the peer", [python, str(HERE), "--as-peer-on-lambda"], environment, event(token), TODOS, min(arguments.starts, 5))
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        command = [python, "-m", "gunicorn", "-w", "1", "-b", f"127.0.0.1:{port}", "--chdir", str(HERE.parent), "api_start:peer()"]
        process = serve(command, environment, base + "/")
        try:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            both_loads("the peer", int(children[0]), base, token, json.dumps({"content": "one more", "category": 1}), arguments.seconds)
        finally:
            process.terminate()
            process.wait()
    return None


if __name__ == "__main__":
    main()
