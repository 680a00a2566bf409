"""docs/mongodb.md, on a replica set of one that asks for passwords.

There is no `mongosh` to run its JavaScript: the statements are read, and PyMongo sends the commands that they stand for.
"""

import json, re, subprocess
from pathlib import Path
from urllib.parse import quote

from page import ROOT, Page
from workplace import Server, Workplace, free_port, pin, restores, wait_until

# The program of the pinned PyMongo's environment runs this part: JSON lines in, JSON lines out.
CLIENT = """
import json, sys
import pymongo
client = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=20000, directConnection=True)
for line in sys.stdin:
    database, command = json.loads(line)
    client[database].command(command)
print("done")
"""


def statements(code):
    """Calls `db.NAME(ARGUMENTS)` and `db.COLLECTION.NAME(ARGUMENTS)`: collection, name and arguments."""
    code = code.replace("passwordPrompt()", '"secret"')
    for found in re.finditer(r"(?ms)^db\.(?:(\w+)\.)?(\w+)\((.*?)\)$(?=\n(?:db\.|use |\Z)|\Z)", code):
        collection, name, arguments = found.groups()
        arguments = re.sub(r"([{,]\s*)(\$?\w+):", r'\1"\2":', arguments)
        yield collection, name, json.loads(f"[{arguments}]")


def command(collection, name, arguments):
    """What `mongosh` sends."""
    if name in ["createUser", "createRole"]:
        [document] = arguments
        key = {"createUser": "user", "createRole": "role"}[name]
        return {name: document.pop(key), **document}
    if name == "createIndex":
        index = "_".join(f"{key}_{order}" for key, order in arguments[0].items())
        return {"createIndexes": collection, "indexes": [{"key": arguments[0], "name": index}]}
    raise AssertionError(f"no command for {name}")


class Database:
    def __init__(self, place, mongod):
        self.place, self.port = place, free_port()
        self.python = mongod.parent / "venv/bin/python"
        own_key, certificate, authority = place.certificates()
        identity = place.folder / "database-identity.pem"
        identity.write_text(own_key.read_text() + certificate.read_text())
        self.tls = f"tls=true&tlsCAFile={authority}"
        key, data = place.folder / "key", place.folder / "mongodb"
        key.write_text("a key that the members share")
        key.chmod(0o600)
        data.mkdir()
        # With what the page writes into `mongod.conf`.
        place.spawn(
            [mongod, "--replSet", "rs0", "--bind_ip", "127.0.0.1", "--port", str(self.port), "--dbpath", data,
             "--keyFile", key, "--wiredTigerCacheSizeGB", "0.25", "--setParameter", "transactionLifetimeLimitSeconds=20",
             "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", identity, "--tlsCAFile", authority,
             "--tlsAllowConnectionsWithoutCertificates"],
            stdout=subprocess.DEVNULL,
        )
        self.address = f"mongodb://127.0.0.1:{self.port}/?{self.tls}"
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        self.run("admin", {"replSetInitiate": {"_id": "rs0", "members": [member]}})
        # Without users, a client on this machine may create the first one, once there is a primary.
        root = {"createUser": "root", "pwd": "secret", "roles": ["userAdminAnyDatabase"]}
        wait_until(lambda: self.runs("admin", root), lambda: "no primary")
        self.address = self.as_user("root", "admin")

    def as_user(self, user, source):
        return f"mongodb://{user}:secret@127.0.0.1:{self.port}/?authSource={quote(source)}&{self.tls}"

    def runs(self, database, *commands):
        try:
            self.run(database, *commands)
        except AssertionError:
            return False
        return True

    def run(self, database, *commands, address=None):
        lines = "\n".join(json.dumps([database, one]) for one in commands)
        client = [self.python, "-c", CLIENT, address or self.address]
        done = subprocess.run(client, input=lines, capture_output=True, text=True, timeout=60)
        assert done.stdout == "done\n", done.stderr

    def run_page(self, code, user=None):
        commands = [command(*one) for one in statements(code)]
        assert len(commands) == len(re.findall(r"(?m)^db\.", code)), code
        self.run("openim_v3", *commands, address=user and self.as_user(user, "openim_v3"))


def run():
    page = Page("mongodb.md")
    mongod = Path(subprocess.check_output([ROOT / ".ci/mongodb", "program"], text=True).strip())
    with Workplace() as place:
        database = Database(place, mongod)
        database.run_page(page["users"])
        place.stands_for("host1,host2,host3", f"127.0.0.1:{database.port}")
        place.stands_for("PASSWORD", "secret")
        place.edits(page["address file"], page["address"])
        store = place.folder / "etc/store"
        assert oct(store.stat().st_mode)[-3:] == "600"
        place.options("CONVERSATION_STORE_FILE=/etc/conversation/store\nCONVERSATION_SECRET_FILE=/etc/conversation/secret")
        place.server = server = Server(place)

        unknown = place.fails("conversation")
        assert "certificate" in unknown, unknown
        place.shell(Page("operations.md")["authorities"])
        # The first start with the user that may create indexes, then with the other one.
        database.run_page(page["index"], "conversation-setup")
        server.start()
        server.stop()
        store.write_text(store.read_text().replace("conversation-setup:", "conversation:"))
        server.start()
        place.shell(page["check"])

        def restore():
            # The dump that is restored is the collections as they were; `mongodump` is not at hand.
            server.stop()
            for name in ["conversation", "conversation_version"]:
                database.run("openim_v3", copy(f"{name}_saved", name), address=setup)
            place.shell(page["renew"])
            server.start()

        def back_up():
            for name in ["conversation", "conversation_version"]:
                database.run("openim_v3", copy(name, f"{name}_saved"), address=setup)

        setup = database.as_user("conversation-setup", "openim_v3")
        restores(server, back_up, restore)
        server.stop()
        compares_reads(place, database, Page("migrating.md")["reader user"])
    page.finish()


def compares_reads(place, database, user):
    """With a user who may only read, the server reads."""
    database.run_page(user)
    store = place.folder / "etc/store"
    store.write_text(store.read_text().replace("conversation:", "conversation-reader:"))
    # It is never ready, since it may not write.
    place.server.start(lambda: place.server.is_ready("healthz"))
    assert not place.server.is_ready()
    assert place.server.pinned() == ["sg_after", "sg_before"]
    assert place.server.answer("set_conversations", pin("more"))["errCode"] == 500
    place.server.stop()


def copy(source, target):
    return {"aggregate": source, "pipeline": [{"$out": target}], "cursor": {}}
