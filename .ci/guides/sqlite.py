"""docs/sqlite.md, with the environment of docs/operations.md."""

from page import Page
from workplace import Server, Workplace, restores


def run():
    page, operations = Page("sqlite.md"), Page("operations.md")
    with Workplace() as place:
        place.server = server = Server(place, operations["environment"])
        server.start()
        place.shell(page["check"])
        assert oct((place.folder / "state/conversations.db").stat().st_mode)[-3:] == "600"
        restores(server, lambda: place.shell(page["backup"]), lambda: place.shell(page["restore"]))
    page.finish()
