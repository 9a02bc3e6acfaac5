"""Documentation that tells the truth: each variable, command, domain event, metric, table and flag stands in its reference, and no others.

Code is read, not run, so that a bench's or a test's leftovers cannot hide a gap.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ops.devstack.places import PROJECT
from saas.settings.variables import VARIABLES

from .plans import find_plan_problems

FLOORS = ("saas", "tenants", "billing", "engagement", "integrations", "bot_shard", "frontend_api", "ops")
METRIC_CLASSES = {
    "Counter",
    "Gauge",
    "Histogram",
    "Summary",
    "Info",
    "Enum",
    "CounterMetricFamily",
    "GaugeMetricFamily",
}


def find_documentation_problems() -> list[str]:
    """One sentence for each thing that is undocumented, and for each that is documented and isn't there."""
    return [
        *compare("variable", {variable.name for variable in VARIABLES}, documented("ops/environment.md")),
        *compare("command", list_commands(), documented("ops/commands.md")),
        *compare("metric", list_metrics(), documented("ops/metrics.md")),
        *compare("domain event", list_domain_events(), documented("ops/events.md")),
        *compare("feature flag", list_flags(), documented("ops/flags.md")),
        *compare("table", list_tables(), documented("ops/retention.md")),
        *find_broken_links(),
        *find_plan_problems(),
    ]


def compare(kind: str, real: set[str], described: tuple[str, set[str]]) -> list[str]:
    place, names = described
    missing = [f"{place} does not describe the {kind} {name}." for name in sorted(real - names)]
    stale = [f"{place} describes the {kind} {name}, which does not exist." for name in sorted(names - real)]
    return missing + stale


def documented(place: str) -> tuple[str, set[str]]:
    """The names in the first column of the reference's tables: `| `name` | …`."""
    path = PROJECT / place
    text = path.read_text() if path.exists() else ""
    return place, set(re.findall(r"^\| `([^`]+)` ", text, flags=re.M))


def list_commands() -> set[str]:
    return {
        path.stem
        for path in PROJECT.glob("*/management/commands/*.py")
        if not path.stem.startswith("_") and path.parts[-4] in FLOORS
    }


def list_metrics() -> set[str]:
    """Names given to Prometheus' classes, as they are exposed: a counter ends in _total."""
    found = set()
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in METRIC_CLASSES:
                name = getattr(node.args[0], "value", None)
                if isinstance(name, str) and name.startswith("engagehub_"):
                    found.add(_exposed(name, _name(node.func)))
        if path.match("bot_shard/*.py"):
            found |= set(_list_bot_metrics(tree))
    return found


def _list_bot_metrics(tree: ast.Module) -> Iterator[str]:
    """The bot counts in plain integers and names them in a table and in `gauges()`; StatsCollector adds the prefix."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and _name(node.targets[0]) == "_COUNTERS"
            and isinstance(node.value, ast.Tuple)
        ):
            for row in node.value.elts:
                yield f"engagehub_bot_{_first(row)}_total"
        if isinstance(node, ast.FunctionDef) and node.name == "gauges":
            for part in ast.walk(node):
                if isinstance(part, ast.Yield) and part.value is not None:
                    yield f"engagehub_bot_{_first(part.value)}"


def _exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind.startswith("Counter") and not name.endswith("_total") else name


def _first(node: ast.expr) -> str:
    return str(getattr(node.elts[0], "value", "")) if isinstance(node, ast.Tuple) else ""


def list_domain_events() -> set[str]:
    """Classes derived from DomainEvent, directly or through another such class of the same file."""
    found: set[str] = set()
    for path, tree in modules():
        if path.name == "base.py" and path.parent.name == "events":
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases = {_name(base) for base in node.bases}
                if "DomainEvent" in bases or bases & found:
                    found.add(node.name)
    return found


def list_flags() -> set[str]:
    """The first argument of each Flag(…)."""
    tree = ast.parse((PROJECT / "tenants" / "flags.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "Flag")
    return {str(getattr(call.args[0], "value", "")) for call in calls if call.args}


def list_tables() -> set[str]:
    """Each `db_table = "…"` of a model's Meta: whoever adds a table says how long its rows are kept."""
    found: set[str] = set()
    for floor in FLOORS:
        for path in (PROJECT / floor).rglob("*.py"):
            if path.parent.name != "migrations":
                found |= set(re.findall(r'^ {8}db_table = "(\w+)"', path.read_text(), flags=re.M))
    return found


def find_broken_links() -> list[str]:
    """Relative links of the Markdown files that lead nowhere."""
    problems = []
    for path in [*PROJECT.glob("*.md"), *PROJECT.glob("ops/**/*.md")]:
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text())
        problems += [
            f"{path.relative_to(PROJECT)} links to {target}, which does not exist."
            for target in targets
            if not (path.parent / target).exists()
        ]
    return problems


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for floor in FLOORS:
        for path in sorted((PROJECT / floor).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
