"""docs/scaling.md: the loop that sets a large group."""

from page import Page
from workplace import Server, Workplace, need


def run():
    need("curl", "jq")
    page = Page("scaling.md")
    with Workplace() as place:
        server = Server(place)
        server.start()
        members = [f"user{n}" for n in range(2_500)]
        (place.folder / "members.txt").write_text("".join(f"{member}\n" for member in members))
        loop = page["chunks"]
        # With a token of somebody else it stops at the first chunk, aloud.
        stopped = place.fails(loop.replace("imAdmin", "user1"))
        assert "1002" in stopped and "stopped at chunk.aa" in stopped, stopped
        place.shell(loop)
        assert sorted(path.name for path in place.folder.glob("*chunk.*")) == ["done.chunk.aa", "done.chunk.ab", "done.chunk.ac"]
        muted = server.call("get_not_notify_conversation_ids", {"userID": "user2499"})
        assert muted["conversationIDs"] == ["sg_team"], muted
    page.finish()
