"""docs/operations.md: the unit, and the checks."""

import shutil, subprocess

from page import Page
from workplace import Server, Skipped, Workplace, free_port


def run():
    page = Page("operations.md")
    with Workplace() as place:
        place.server = server = Server(place)
        server.start()
        place.shell(page["check"])
        place.shell(page["ready"])

        token = place.shell(page["token"]).strip()
        server.stop()
        place.shell(page["new secret"])
        previous = "CONVERSATION_PREVIOUS_SECRET_FILE=/var/lib/conversation/previous-secret\n"
        place.options(previous + page["environment"])
        server.start()
        assert server.token() != token
        server.call("get_pinned_conversation_ids", {"userID": "alice"}, token)
        server.stop()

        place.stands_for("127.0.0.1:10003", f"127.0.0.1:{free_port()}")
        [_, own] = page["own address"].splitlines()
        place.options(page["environment"] + own)
        server.start(lambda: place.succeeds(page["check own address"]))
        assert not server.is_ready(), "--listen still serves the routes of operators"
        server.stop()

        if not shutil.which("systemd-analyze"):
            raise Skipped("no systemd-analyze")
        # It looks for the program; the folders are the unit's own.
        unit = page["unit"].replace("/usr/local/bin", str(place.folder / "bin"))
        (place.folder / "conversation.service").write_text(unit)
        verify = ["systemd-analyze", "verify", "--man=no", str(place.folder / "conversation.service")]
        done = subprocess.run(verify, capture_output=True, text=True)
        own = [line for line in done.stderr.splitlines() if "conversation" in line]
        assert not own, "\n".join(own)
    page.finish(["proxy", "script", "authorities"])
