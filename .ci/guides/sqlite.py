"""docs/sqlite.md."""

from page import Page
from workplace import Server, Workplace, restores


def run():
    page = Page("sqlite.md")
    with Workplace() as place:
        place.server = server = Server(place)
        server.start()
        place.shell(page["check"])
        assert oct((place.folder / "state/conversations.db").stat().st_mode)[-3:] == "600"
        restores(server, lambda: place.shell(page["backup"]), lambda: place.shell(page["restore"]))
    page.finish()
