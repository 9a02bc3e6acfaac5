"""The references describe what there is, all of it, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ops.check import docs, templates


def test_references_are_complete() -> None:
    assert docs.find_documentation_problems() == []


def test_templates_compile() -> None:
    assert templates.find_template_problems() == []


def test_undocumented_and_stale_names_are_told_apart() -> None:
    assert docs.compare("metric", {"a", "b"}, ("ops/metrics.md", {"b", "c"})) == [
        "ops/metrics.md does not describe the metric a.",
        "ops/metrics.md describes the metric c, which does not exist.",
    ]


def test_metrics_and_events_are_found_in_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
COUNT = prometheus_client.Counter("engagehub_things_total", "Things.")
OTHER = Counter(words)
class ThingHappened(DomainEvent): ...
class ThingHappenedAgain(ThingHappened): ...
class Quiet: ...
"""
    monkeypatch.setattr(docs, "modules", lambda: [(Path("x/events.py"), ast.parse(source))])
    assert docs.list_metrics() == {"engagehub_things_total"}
    assert docs.list_domain_events() == {"ThingHappened", "ThingHappenedAgain"}


def test_flags_are_found_in_their_declaration() -> None:
    from tenants.flags import FLAGS

    assert docs.list_flags() == set(FLAGS)


def test_broken_link_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "PROJECT", tmp_path)
    (tmp_path / "README.md").write_text(
        "[a](there.md) [b](https://x.example/y) [c](#here) [d](README.md#top)"
    )
    assert docs.find_broken_links() == ["README.md links to there.md, which does not exist."]


def test_broken_template_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.template import engines

    folder = tmp_path / "app" / "templates"
    folder.mkdir(parents=True)
    (folder / "a.html").write_text("{% nosuchtag %}")
    (folder / "b.html").write_text("{% extends 'missing.html' %}")
    (folder / "c.html").write_text("fine")
    monkeypatch.setattr(templates, "PROJECT", tmp_path)
    engine = engines["django"].engine  # type: ignore[attr-defined]
    monkeypatch.setattr(engine, "dirs", [folder])
    monkeypatch.setattr(engine, "loaders", ["django.template.loaders.filesystem.Loader"])
    monkeypatch.setitem(engine.__dict__, "template_loaders", engine.get_template_loaders(engine.loaders))
    first, second = templates.find_template_problems()
    assert first.startswith("app/templates/a.html: Invalid block tag")
    assert second == "app/templates/b.html: names the template 'missing.html', which does not exist."
