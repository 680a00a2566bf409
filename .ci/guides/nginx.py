"""The configurations of nginx in docs/migrating.md and docs/operations.md, with a stand-in for OpenIM."""

import getpass, http.server, json, ssl, threading, urllib.error, urllib.request

from page import Page
from workplace import Server, Workplace, free_port, need, wait_until

# OpenIM's own layout, as far as it matters here.
SITE = f"user {getpass.getuser()};" + """
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    upstream im_api {{ server 127.0.0.1:{openim}; }}
    {beside_upstream}
    server {{
        listen 127.0.0.1:{port};
        location ^~ /api/ {{ proxy_pass http://im_api/; }}
        {inside_server}
    }}
}}
"""


class OpenIm(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"openim": self.path}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Nginx:
    def __init__(self, place, port, scheme="http"):
        self.place, self.port, self.scheme = place, port, scheme

    def start(self, configuration):
        (self.place.folder / "nginx.conf").write_text(configuration)
        command = ["nginx", "-p", str(self.place.folder), "-c", "nginx.conf", "-g", "daemon off; master_process off;"]
        process = self.place.spawn(command, stderr=open(self.place.folder / "nginx-errors", "w"))
        log = lambda: (self.place.folder / "nginx-errors").read_text()
        wait_until(lambda: process.poll() is not None or self.is_listening(), log)
        assert process.poll() is None, log()
        self.process = process

    def is_listening(self):
        try:
            self.get("/")
        except urllib.error.HTTPError:
            pass
        except urllib.error.URLError:
            return False
        return True

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def get(self, path, body=None, headers=None):
        trusting = ssl._create_unverified_context() if self.scheme == "https" else None
        request = urllib.request.Request(f"{self.scheme}://127.0.0.1:{self.port}{path}", body, headers or {})
        return urllib.request.urlopen(request, timeout=30, context=trusting)

    def ask(self, path, body=b"{}", headers=None):
        """The server that says that it answered, and its answer."""
        response = self.get(path, body, headers)
        return response.headers.get("X-Answered-By"), json.load(response)


def run():
    need("nginx", "openssl", "curl", "jq")
    migrating, operations = Page("migrating.md"), Page("operations.md")
    openim = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OpenIm)
    threading.Thread(target=openim.serve_forever, daemon=True).start()
    with Workplace() as place:
        compares_reads(place, migrating)
        server = Server(place)
        place.stands_for("127.0.0.1:10012", f"127.0.0.1:{place.port}")
        server.start()
        moves(place, server, openim.server_port, migrating)
        hides_operators_routes(place, operations["proxy"])
    openim.shutdown()
    migrating.finish(["reader user"])


def moves(place, server, openim, page):
    document = json.load(urllib.request.urlopen(f"http://127.0.0.1:{server.port}/openapi.json"))
    ours = {path for path in document["paths"] if path.startswith("/conversation/")}
    reads = page["reads"]
    writes = reads.rstrip().removesuffix("}") + page["writes"] + "}\n"
    listed = {line.split()[0] for line in writes.splitlines() if line.strip().startswith("/conversation/")}
    assert listed == ours, f"docs/migrating.md lists other paths than the program has: {sorted(listed ^ ours)}"

    nginx = Nginx(place, free_port())
    for beside_upstream, expected in [
        (reads, {path for path in ours if path.startswith("/conversation/get_")}),
        (writes, ours),
    ]:
        nginx.start(SITE.format(
            folder=place.folder, openim=openim, port=nginx.port,
            beside_upstream=place.here(beside_upstream), inside_server=page["location"],
        ))
        for path in ours:
            who, answer = nginx.ask(f"/api{path}", headers={"operationID": "nginx"})
            if path in expected:
                # A call without a token: this server says so.
                assert (who, answer.get("errCode")) == ("settings", 1001), (path, who, answer)
            else:
                assert (who, answer) == ("im_api", {"openim": path}), (path, who, answer)
        for path in ["/conversation/set_something_new", "/conversation/get_conversation/", "/conversation/"]:
            assert nginx.ask(f"/api{path}") == ("im_api", {"openim": path})
        for path in ["/user/get_users_info", "/conversations", "/auth/get_admin_token"]:
            assert nginx.ask(f"/api{path}") == (None, {"openim": path})
        who, answer = nginx.ask("/api/conversation/get%5Fconversation?x=1")
        assert who == "settings", answer
        # A large body, and a call that works.
        headers = {"token": server.token(), "operationID": "nginx"}
        body = json.dumps({"ownerUserID": "alice", "conversationIDs": [f"sg_{n}" * 20 for n in range(50_000)]}).encode()
        assert len(body) > 4_000_000
        who, answer = nginx.ask("/api/conversation/get_conversations", body, headers)
        assert who == "settings", (who, answer)
        who, answer = nginx.ask("/api/conversation/get_pinned_conversation_ids", b'{"userID":"alice"}', headers)
        assert (who, answer["errCode"]) == ("settings", 0), (who, answer)
        place.stands_for("https://im.example", f"http://127.0.0.1:{nginx.port}")
        assert place.shell(page["who"]).strip().lower() == "x-answered-by: settings"
        nginx.stop()

    # An API without a prefix, as the page says.
    without = page["location"].replace("/api/conversation/", "/conversation/").splitlines(keepends=True)
    without = "".join(line for line in without if "rewrite" not in line)
    site = SITE.replace("location ^~ /api/", "location ^~ /")
    nginx.start(site.format(
        folder=place.folder, openim=openim, port=nginx.port, beside_upstream=place.here(reads), inside_server=without,
    ))
    assert nginx.ask("/conversation/get_conversation")[0] == "settings"
    assert nginx.ask("/conversation/set_conversations") == ("im_api", {"openim": "/conversation/set_conversations"})
    assert nginx.ask("/user/get_users_info") == (None, {"openim": "/user/get_users_info"})
    nginx.stop()


def compares_reads(place, page):
    """Two processes on one store: the other stands for OpenIM."""
    for name, content in [("secret", "a secret of OpenIM's own\n"), ("store", f"sqlite:{place.folder}/state/x.db\n")]:
        (place.folder / name).write_text(content)
        (place.folder / name).chmod(0o600)
    words = page["reader"].split()
    assert words[:3] == ["conversation-server", "--listen", "127.0.0.1:10012"], words
    assert words[3:] == ["--store-file", "store", "--secret-file", "secret", "--admin", "imAdmin"], words
    options = "CONVERSATION_STORE_FILE=store\nCONVERSATION_SECRET_FILE=secret\nCONVERSATION_ADMINS=imAdmin\n"
    (place.folder / "options").write_text(options)
    servers = [Server(place, "options", port) for port in [place.port, free_port()]]
    for server in servers:
        server.start()
    servers[0].pin("team")
    code = page["compare"]
    for shown, server in zip(["10002", "10012"], servers):
        code = code.replace(shown, str(server.port))
    assert place.shell(code).strip() == "the same"
    assert "sg_team" in (place.folder / f"{servers[0].port}.json").read_text()
    assert oct((place.folder / "token").stat().st_mode)[-3:] == "600"
    for server in servers:
        server.stop()


def hides_operators_routes(place, proxy):
    certificate, key = place.folder / "certificate.pem", place.folder / "key.pem"
    place.shell(f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {key} -out {certificate} 2>&1")
    nginx = Nginx(place, free_port(), "https")
    place.stands_for("/etc/ssl/settings.example.pem", certificate)
    place.stands_for("/etc/ssl/settings.example.key", key)
    place.stands_for("listen 443", f"listen 127.0.0.1:{nginx.port}")
    site = SITE[: SITE.index("    upstream")] + "{proxy}}}\n"
    nginx.start(site.format(folder=place.folder, proxy=place.here(proxy)))
    assert nginx.ask("/conversation/get_conversation", headers={"operationID": "nginx"})[1]["errCode"] == 1001
    for path in ["/metrics", "/healthz", "/readyz"]:
        try:
            nginx.get(path)
            raise AssertionError(f"{path} is open")
        except urllib.error.HTTPError as error:
            assert error.code == 403, error.code
    nginx.stop()
