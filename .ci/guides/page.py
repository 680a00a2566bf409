"""A page of docs/, as the commands that its readers copy."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Blocks of other languages show something; these are run, or say why they are not.
COMMANDS = {"sh", "sql", "js", "python", "nginx"}
BLOCK = re.compile(r"(?m)^( *)(?:<!-- (test|not run): (.*) -->\n *)?```(\w+)\n((?s:.*?))^ *```$")


class Page:
    """The blocks of code with a name: `<!-- test: NAME -->` in the line before."""

    def __init__(self, name):
        self.name, self.blocks, self.not_run, self.taken = name, {}, [], set()
        for indent, kind, label, language, code in BLOCK.findall((ROOT / "docs" / name).read_text()):
            code = "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True))
            if kind == "test":
                assert label not in self.blocks, f"{name}: two blocks are named {label}"
                self.blocks[label] = code
            elif language in COMMANDS:
                assert kind, f"{name}: a block needs `<!-- test: NAME -->` or `<!-- not run: REASON -->`:\n{code}"
                self.not_run.append(f"{label}: {code.splitlines()[0]}")

    def __getitem__(self, label):
        self.taken.add(label)
        return self.blocks[label]

    def finish(self, in_other_tests=()):
        """Every block with a name was run, here or in `in_other_tests`."""
        left = set(self.blocks) - self.taken - set(in_other_tests)
        assert not left, f"{self.name}: nothing runs {sorted(left)}"
        for line in self.not_run:
            print(f"not run: {self.name}: {line}")
