"""The CEL library without its command line.

`import cel` also imports a terminal program (prompt_toolkit, typer, pygments): 24 MB in every process, a sixth of what the bot may
need. Nobody here types CEL into a terminal, so an empty module stands in its place while the library is imported. Where the
library no longer has that module, this changes nothing; tests/engagement/rules/test_cel_library.py says when it should go.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Final

_COMMAND_LINE: Final = "cel.cli"

if "cel" not in sys.modules:
    sys.modules[_COMMAND_LINE] = ModuleType(_COMMAND_LINE)
    try:
        import_module("cel")
    finally:
        # Whoever wants the real one can still import it.
        del sys.modules[_COMMAND_LINE]

from cel import Program, compile  # noqa: E402  only now

__all__ = ["Program", "compile"]
