"""Every template compiles, and names only tags, filters and templates that exist.

Django finds a wrong tag when a page is first shown; this finds it before.
"""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.loader_tags import ExtendsNode, IncludeNode

from ops.devstack.places import PROJECT


def find_template_problems() -> list[str]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.dev")
    django.setup()
    problems = []
    # helm/templates holds Go templates; ops.check.packaging renders those.
    for folder in sorted(set(PROJECT.glob("*/templates")) - {PROJECT / "helm" / "templates"}):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".html", ".txt", ".svg", ".xml"}:
                problems += _check(path, path.relative_to(folder).as_posix())
    return problems


def _check(path: Path, name: str) -> list[str]:
    place = path.relative_to(PROJECT)
    try:
        template = engines["django"].get_template(name)
    except (TemplateSyntaxError, TemplateDoesNotExist, UnicodeDecodeError) as error:
        return [f"{place}: {error}"]
    problems = []
    nodes = template.template.nodelist.get_nodes_by_type((ExtendsNode, IncludeNode))  # type: ignore[attr-defined]
    for node in nodes:
        named = getattr(node, "parent_name", None) or getattr(node, "template", None)
        other = getattr(named, "var", None)
        if isinstance(other, str):
            try:
                engines["django"].get_template(other)
            except TemplateDoesNotExist:
                problems.append(f"{place}: names the template {other!r}, which does not exist.")
            except TemplateSyntaxError:
                pass  # reported at that template itself
    return problems
