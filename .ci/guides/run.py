"""Runs the checks of the pages that are named, or of all."""

import importlib, os, signal, sys, time

from workplace import Skipped

PAGES = ["operations", "sqlite", "postgres", "mongodb", "events", "nginx", "scaling"]


def main():
    # So that servers end with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in sys.argv[1:] or PAGES:
        began = time.monotonic()
        try:
            importlib.import_module(name).run()
            print(f"{name}: ok, {time.monotonic() - began:.1f} s", flush=True)
        except Skipped as reason:
            print(f"skipped: {name}: {reason}", file=sys.stderr, flush=True)
            if "CI" in os.environ:
                sys.exit("CI does not accept that")


main()
