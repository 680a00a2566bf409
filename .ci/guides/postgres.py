"""docs/postgres.md, on a cluster of its own, since roles belong to a cluster."""

import os, re, shutil, subprocess
from pathlib import Path
from urllib.parse import urlsplit

from page import ROOT, Page
from workplace import Server, Workplace, free_port, restores


def run():
    page = Page("postgres.md")
    with Workplace() as place:
        script = ROOT / ".ci/postgres"
        state = {**os.environ, "CONVERSATION_TEST_POSTGRES_STATE": str(place.folder / "postgres")}
        address = urlsplit(subprocess.check_output([script], env=state, text=True, stderr=subprocess.DEVNULL).strip())
        try:
            programs = subprocess.check_output([script, "program"], text=True).strip()
            place.environment.update(
                PATH=f"{place.environment['PATH']}:{programs}", PGHOST=address.hostname, PGPORT=str(address.port),
                PGUSER=address.username, PGPASSWORD=address.password, PGDATABASE="app",
            )
            place.stands_for("db1.example:5432", f"{address.hostname}:{address.port}")
            speak_tls(place, state, script)
            place.stands_for("PASSWORD", "secret")
            place.shell("createdb app")
            set_up_by_a_role_that_may_create_roles(place, page)
            set_up_with_two_roles(place, page)
            partitions(place, page)
            set_up_with_one_role(place, page)
        finally:
            subprocess.run([script, "stop"], env=state, check=True)
    page.finish()


def speak_tls(place, state, script):
    """With an authority of its own."""
    cluster = Path((place.folder / "postgres/folder").read_text().strip())
    key, certificate, _ = place.certificates()
    for file in [key, certificate]:
        target = cluster / "data" / file.name
        shutil.copy(file, target)
        target.chmod(0o600)
        owner = cluster.stat()
        os.chown(target, owner.st_uid, owner.st_gid)
    with open(cluster / "data/postgresql.conf", "a") as configuration:
        configuration.write("ssl = on\nssl_cert_file = 'database.pem'\nssl_key_file = 'database.key'\n")
    subprocess.run([script, "restart"], env=state, check=True)


def sql(place, statements, **environment):
    """Runs statements in `psql`, as the page has the reader do it."""
    (place.folder / "statements.sql").write_text(statements)
    return place.shell("psql -X -q -v ON_ERROR_STOP=1 -f statements.sql", **environment)


def set_up(place, page, after_first_line="", **environment):
    first, rest = page["roles"].split("\n", 1)
    sql(place, f"{first}\n{after_first_line}{rest}ALTER ROLE conversation_server PASSWORD 'secret';", **environment)
    place.edits(page["address file"], page["address"])
    place.options("CONVERSATION_STORE_FILE=/etc/conversation/store\nCONVERSATION_SECRET_FILE=/etc/conversation/secret")
    unknown = place.fails(page["migration"])
    assert "certificate" in unknown, unknown
    place.shell(Page("operations.md")["authorities"])
    store = place.folder / "etc/store"
    assert oct(store.stat().st_mode)[-3:] == "600"
    place.shell(page["address file"], EDITOR="true")
    assert "PASSWORD" not in store.read_text() and "secret@" in store.read_text(), "the page empties the address"
    place.shell(page["migration"])
    assert "CREATE TABLE conversations" in (place.folder / "migration.sql").read_text()
    place.shell(page["migrate"], **environment)
    sql(place, page["grants"], **environment)


def tear_down(place):
    sql(place, """DROP SCHEMA conversation_settings CASCADE; DROP OWNED BY conversation_server, conversation_owner;
                  DROP ROLE conversation_server, conversation_owner;""")


def set_up_by_a_role_that_may_create_roles(place, page):
    sql(place, "CREATE ROLE dba LOGIN CREATEROLE PASSWORD 'secret'; GRANT CREATE ON DATABASE app TO dba;")
    text = (ROOT / "docs/postgres.md").read_text()
    assert "GRANT CREATE ON DATABASE app TO dba" in text and "GRANT conversation_owner TO dba" in text
    set_up(place, page, "GRANT conversation_owner TO dba;\n", PGUSER="dba", PGPASSWORD="secret")
    started = Server(place)
    started.start()
    started.pin("team")
    started.stop()
    tear_down(place)


def set_up_with_two_roles(place, page):
    set_up(place, page)
    place.server = started = Server(place)
    started.start()
    assert place.shell(page["check"])
    tls = """SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'conversation_server'"""
    assert place.shell(f'psql -XAtc "{tls}"').strip() == "t"

    restores(started, lambda: place.shell(page["backup"]), lambda: place.shell(page["restore"]))
    log = "psql -XAtc 'SELECT log FROM conversation_settings.store'"
    restored = place.shell(log)
    sql(place, page["restored"])
    assert place.shell(log) != restored
    # Over an existing schema there is no limit of one restore, and a new database has none.
    place.shell(page["restore"])
    place.shell("createdb other")
    place.shell(page["restore"], PGDATABASE="other")
    assert place.shell(log, PGDATABASE="other") not in ["", place.shell(log)]
    place.shell("dropdb other")
    started.pin("after")
    upgrades(place, page, started)
    warns_of_a_host_that_does_not_answer(place, started)


def warns_of_a_host_that_does_not_answer(place, started):
    store = place.folder / "etc/store"
    address = store.read_text()
    login, rest = address.rsplit("@", 1)
    missing = f"127.0.0.1:{free_port()}"
    store.write_text(f"{login}@{missing},{rest}")
    started.stop()
    started.start()
    [warning] = [line for line in started.log().splitlines() if "cannot be reached" in line]
    assert "WARN" in warning and missing in warning, warning
    store.write_text(address)


def upgrades(place, page, started):
    """From a version that lacks a setting."""
    sql(place, "ALTER TABLE conversation_settings.conversations DROP COLUMN ex")
    shutil.copy(os.environ["CONVERSATION_SERVER"], place.folder / "conversation-server")
    address = (place.folder / "etc/store").read_text()
    place.shell(page["new program"])
    assert "ADD COLUMN ex" in (place.folder / "migration.sql").read_text()
    place.shell(page["migrate"])
    assert (place.folder / "etc/store").read_text() == address
    started.stop()
    started.start()
    # Nothing is left to migrate.
    assert "serving" in place.shell(page["new program"].replace("timeout 30", "timeout 5"))


def partitions(place, page):
    sql(place, page["vacuum"])
    place.server.stop()
    sql(place, page["partitions"])
    sql(place, page["vacuum of partitions"])
    options = "SELECT count(*) FROM pg_class WHERE relispartition AND 'autovacuum_vacuum_cost_delay=0' = ANY(reloptions)"
    assert place.shell(f'psql -XAtc "{options}"').strip() == "16"
    place.server.start()
    assert place.server.pinned() == ["sg_after", "sg_before"]
    place.server.pin("partitioned")
    assert "conversations_15" in sql(place, page["statistics"])
    place.server.stop()
    tear_down(place)


def set_up_with_one_role(place, page):
    # The cluster's superuser has the page's name.
    statements = re.sub(r"\bconversation\b", "conversation_alone", page["one role"])
    sql(place, statements + "ALTER ROLE conversation_alone PASSWORD 'secret'")
    store = place.folder / "etc/store"
    store.write_text(store.read_text().replace("conversation_server:", "conversation_alone:"))
    started = Server(place)
    started.start()
    started.pin("team")
    known = started.changes()
    assert not started.changes(known["version"], known["versionID"])["full"]
    started.stop()
    place.shell(page["renew"])
    started.start()
    assert started.changes(known["version"], known["versionID"])["full"]
    started.stop()
