"""The CEL library is imported without its terminal program."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from engagement.rules import cel_library
print(cel_library.compile("a > 1").execute({"a": 2}), "prompt_toolkit" in sys.modules, "cel.cli" in sys.modules)
import cel.cli
print("prompt_toolkit" in sys.modules)
"""


def test_the_terminal_program_stays_out() -> None:
    printed = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
    # The second line is the control: it still is what `import cel` would bring along.
    assert printed.split() == ["True", "False", "False", "True"]
