"""A folder that stands for an operator's machine, and the program on it."""

import json, os, shutil, signal, socket, subprocess, tempfile, time, urllib.error, urllib.request
from pathlib import Path

from page import Page

LONG = 60
# Where Debian has nginx, which is not on every user's path.
os.environ["PATH"] += ":/usr/sbin"
class Skipped(Exception):
    """Something that a check needs is not installed. CI does not accept that."""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skipped(f"no {program}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until(condition, otherwise):
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)


class Workplace:
    """Pages name folders and ports; here they stand for others, so that nothing outside is touched."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="conversation-pages."))
        self.port, self.replaced, self.processes = free_port(), {}, []
        self.environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder)}
        for name in ["bin", "etc", "state", "backups"]:
            (self.folder / name).mkdir()
        (self.folder / "bin/conversation-server").symlink_to(Path(os.environ["CONVERSATION_SERVER"]).resolve())
        self.program("editor", f'cat {self.folder}/typed > "$1"')
        # What a page says as root, and as the service's user, runs as the user who runs the checks.
        self.program("runuser", 'shift 3; exec "$@"')
        self.stands_for("/usr/local/sbin", self.folder / "bin")
        self.stands_for("/usr/local/bin", self.folder / "bin")
        self.stands_for("/var/lib/conversation", self.folder / "state")
        self.stands_for("/etc/conversation", self.folder / "etc")
        self.stands_for("/backups", self.folder / "backups")
        self.stands_for("127.0.0.1:10002", f"127.0.0.1:{self.port}")
        self.stands_for(" -o conversation", "")
        operations = Page("operations.md")
        self.shell(operations["script"])
        self.options(operations["environment"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)

    def program(self, name, script):
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def options(self, lines):
        """The service's environment."""
        listen = f"CONVERSATION_LISTEN=127.0.0.1:{self.port}\n"
        (self.folder / "etc/env").write_text(self.here(lines).rstrip() + "\n" + listen)

    def stands_for(self, shown, used):
        self.replaced[shown] = str(used)

    def here(self, code):
        for shown, used in self.replaced.items():
            code = code.replace(shown, used)
        return code

    def shell(self, code, **environment):
        """Runs commands of a page and returns what they print. `systemctl` acts on the server of `self.server`."""
        printed, part = [], []
        for line in [*self.here(code).splitlines(), None]:
            if line is not None and not line.startswith("systemctl "):
                part.append(line)
                continue
            if part:
                printed.append(self._bash("\n".join(part), environment))
            part = []
            if line:
                {"stop": self.server.stop, "start": self.server.start}[line.split()[1]]()
        return "".join(printed)

    def _bash(self, code, environment):
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + code], cwd=self.folder, env={**self.environment, **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONG,
        )
        assert done.returncode == 0, f"status {done.returncode}:\n{code}\n{done.stdout}{done.stderr}"
        return done.stdout

    def certificates(self):
        """A database's own authority, `database-ca.pem`, and its server's key and certificate."""
        key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        self.shell(f"""exec 2>/dev/null
            openssl req -x509 {key} -subj /CN=authority -keyout authority.key -out database-ca.pem
            openssl req {key} -subj /CN=database -keyout database.key -out database.csr
            echo subjectAltName=IP:127.0.0.1 > database.ext
            openssl x509 -req -in database.csr -CA database-ca.pem -CAkey authority.key -CAcreateserial \\
                -extfile database.ext -out database.pem""")
        return self.folder / "database.key", self.folder / "database.pem", self.folder / "database-ca.pem"

    def edits(self, code, text):
        """Runs commands that open an editor, in which the reader writes `text`."""
        (self.folder / "typed").write_text(self.here(text))
        self.shell(code, EDITOR=f"{self.folder}/bin/editor")

    def succeeds(self, code):
        try:
            return self.shell(code) is not None
        except AssertionError:
            return False

    def fails(self, code, **environment):
        """What failing commands print."""
        try:
            printed = self.shell(code, **environment)
        except AssertionError as error:
            return str(error)
        raise AssertionError(f"does not fail:\n{code}\n{printed}")

    def spawn(self, command, **options):
        process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process


class Server:
    """The program, with the variables of the service's environment or of another file of such lines."""

    def __init__(self, workplace, file="etc/env", port=None):
        self.workplace, self.file, self.port, self.process = workplace, workplace.folder / file, port or workplace.port, None

    def environment(self):
        lines = self.file.read_text().splitlines()
        return {**self.workplace.environment, **dict(line.split("=", 1) for line in lines)}

    def start(self, is_ready=None):
        with open(self.workplace.folder / f"log-{self.port}", "w") as log:
            command = ["conversation-server", "--listen", f"127.0.0.1:{self.port}"]
            self.process = self.workplace.spawn(command, env=self.environment(), stdout=log, stderr=log)
        wait_until(lambda: (is_ready or self.is_ready)() or self.process.poll() is not None, self.log)
        assert self.process.poll() is None, self.log()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(LONG) == 0, self.log()

    def log(self):
        return (self.workplace.folder / f"log-{self.port}").read_text()

    def is_ready(self, route="readyz"):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{route}", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def token(self, user="imAdmin"):
        command = ["conversation-server", "token", user]
        folder = self.workplace.folder
        return subprocess.check_output(command, env=self.environment(), cwd=folder, text=True).strip()

    def answer(self, route, body, token=None):
        headers = {"operationID": "pages", "token": token or self.token()}
        url = f"http://127.0.0.1:{self.port}/conversation/{route}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request, timeout=LONG))

    def call(self, route, body, token=None):
        answer = self.answer(route, body, token)
        assert answer["errCode"] == 0, f"{route}: {answer}\n{self.log()}"
        return answer["data"]

    def pin(self, conversation, user="alice"):
        self.call("set_conversations", pin(conversation, user))

    def pinned(self, user="alice"):
        return sorted(self.call("get_pinned_conversation_ids", {"userID": user})["conversationIDs"])

    def changes(self, version=0, log="", user="alice"):
        return self.call("get_incremental_conversations", {"userID": user, "version": version, "versionID": log})


def pin(conversation, user="alice"):
    target = {"conversationID": f"sg_{conversation}", "conversationType": 3, "groupID": conversation}
    return {"userIDs": [user], "conversation": {**target, "isPinned": True}}


def restores(server, back_up, restore):
    """A write after the backup is gone after the restore, and a client that knows of it syncs in full."""
    server.pin("before")
    back_up()
    server.pin("lost")
    known = server.changes()
    restore()
    assert server.pinned() == ["sg_before"], server.pinned()
    server.pin("after")
    assert server.changes(known["version"], known["versionID"])["full"], "a client misses that a conversation is gone"
