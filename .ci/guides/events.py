"""docs/events.md: the receiver in Python, behind the program."""

import re, urllib.error, urllib.request

from page import Page
from workplace import Server, Workplace, free_port, need, wait_until


def run():
    need("openssl")
    page = Page("events.md")
    with Workplace() as place:
        port = free_port()
        place.stands_for("https://notices.example/changed", f"http://127.0.0.1:{port}/changed")
        place.stands_for("8080", port)
        (place.folder / "receiver.py").write_text(page["receiver"])
        place.shell(page["key"])
        # Nothing here answers for groups.
        lines = [line for line in page["environment"].splitlines() if "GROUPS" not in line]
        assert len(lines) == 2, lines
        place.options("\n".join(["CONVERSATION_STORE=memory:", *lines]))
        server = Server(place)

        log = open(place.folder / "received", "w+")

        def received():
            log.seek(0)
            return log.read().splitlines()

        def receiver():
            command = place.here(page["receive"]).split()
            return place.spawn(command, stdout=log, stderr=open(place.folder / "errors", "w"))

        # The receiver is down at first: the server keeps the event.
        server.start()
        server.pin("one")
        running = receiver()
        wait_until(lambda: received() == ["created sg_one of alice at version 1"], lambda: f"{received()}{server.log()}")
        server.pin("two")
        wait_until(lambda: received()[1:] == ["created sg_two of alice at version 2"], received)

        # What is missed while another program listens shows as a gap.
        running.kill()
        running.wait()
        source = page["receiver"].replace("seen, versions = set(), {}", "seen, versions = set(), {'alice': 1}")
        assert source != page["receiver"]
        (place.folder / "receiver.py").write_text(source)
        running = receiver()
        server.pin("three")
        gap = ["missed changes of alice after version 1", "created sg_three of alice at version 3"]
        wait_until(lambda: received()[2:] == gap, received)

        for headers, status in [({}, 400), ({"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": ""}, 403)]:
            try:
                urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/changed", b"{}", headers), timeout=10)
                raise AssertionError(f"accepted {headers}")
            except urllib.error.HTTPError as error:
                assert error.code == status, error.code
        answered = re.findall(r'"POST /changed HTTP/1.1" (\d+)', (place.folder / "errors").read_text())
        assert answered == ["204", "400", "403"], answered

        handles_each_event_once(page["receiver"])
    page.finish()


def handles_each_event_once(source):
    """A request that failed in its middle, and is sent again."""
    names = {"__name__": "receiver", "key": ""}
    exec(source, names)
    handled, failing = [], True

    def handle(event):
        nonlocal failing
        if event == "second" and failing:
            failing = False
            raise OSError("the database is away")
        handled.append(event)

    names.update(handle=handle, is_genuine=lambda *_: True)
    receiver = names["Receiver"].__new__(names["Receiver"])
    receiver.headers = {"webhook-id": "msg_1"}
    body = b'{"events":["first","second","third"]}'
    statuses = [receiver.receive(body) for _ in range(3)]
    assert (statuses, handled) == ([503, 204, 204], ["first", "second", "third"]), (statuses, handled)
