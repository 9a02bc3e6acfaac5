"""What is shipped fits together: the chart lints, renders and passes Kubernetes' own schemas in every way it can be set up; the
Dockerfile, compose.yaml and the chart name only commands and variables that exist, and every variable that production needs.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from ops.devstack.places import PROJECT
from saas.settings.variables import VARIABLES

from .docs import list_commands
from .helm import NoHelmError, find_helm

KUBERNETES = ("1.25.0", "1.31.0")  # the oldest that Chart.yaml allows, and a recent one
IN_CLUSTER: dict[str, Any] = {
    "postgres": {"inCluster": True, "superuserPassword": "a", "ownerPassword": "b/c", "appPassword": "d"},
    "redis": {"inCluster": True, "password": "e:f"},
}
_GIVEN = {
    "SECRET_KEY",
    "FIELD_KEYS",
    "DISCORD_BOT_TOKEN",
    "DISCORD_CLIENT_ID",
    "DISCORD_CLIENT_SECRET",
    "EMAIL_URL",
}
_OUTSIDE = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REDIS_STREAM_URL"}
SETUPS: dict[str, dict[str, Any]] = {
    "servers outside": {"secrets": {name: f"a-{name}" for name in _GIVEN | _OUTSIDE}},
    "a secret of yours": {"existingSecret": "mine", "bot": {"shards": 40, "shardsPerPod": 16}},
    "servers in the cluster": IN_CLUSTER | {"secrets": {name: f"a-{name}" for name in _GIVEN}},
    "everything on": IN_CLUSTER
    | {
        "existingSecret": "mine",
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a": "b"}},
        "web": {"autoscaling": {"enabled": True}},
        "environment": {"LOG_LEVEL": "DEBUG", "DATABASE_POOL": 5},
        "image": {"pullSecrets": [{"name": "registry"}], "tag": "1.2.3"},
        "podAnnotations": {"team": "a"},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
    },
    "no bot": {"existingSecret": "mine", "bot": {"enabled": False}},
}


def find_packaging_problems() -> list[str]:
    """One sentence for each thing that would fail on another machine."""
    return [*check_compose(), *check_dockerfile(), *check_chart()]


def check_chart() -> Iterator[str]:
    try:
        helm = find_helm()
    except NoHelmError as error:
        # Without CI a machine may lack it; in CI a chart that nobody rendered is not shipped.
        if os.environ.get("CI"):
            yield f"The chart was not checked: {error}"
        else:
            print(f"packaging: the chart was not rendered. {error}")
        return
    for name, values in SETUPS.items():
        linted = _helm(helm, values, "lint", "helm")
        if linted.returncode:
            yield f"helm lint, {name}: {linted.stdout}{linted.stderr}".strip()
            continue
        for version in KUBERNETES:
            rendered = _helm(helm, values, "template", "engagehub", "helm", "--kube-version", version)
            if rendered.returncode:
                yield f"helm template, {name}: {rendered.stderr.strip()}"
                continue
            yield from (
                f"{name}, Kubernetes {version}: {line}" for line in check_manifests(rendered.stdout, version)
            )


def check_manifests(text: str, version: str) -> Iterator[str]:
    """Each object against Kubernetes' schema, unknown fields refused; our containers against our own tables."""
    objects = [found for found in yaml.safe_load_all(text) if found]
    settings: set[str] = set()
    for found in objects:
        if found["kind"] == "ConfigMap":
            settings |= {name for name in found["data"] if name.isupper()}
    for found in objects:
        title = f"{found['kind']} {found['metadata']['name']}"
        try:
            kubernetes_validate.validate(found, ".".join(version.split(".")[:2]), strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{title}: {error.message}"
        for container in containers_of(found):
            yield from (f"{title}: {line}" for line in check_container(container, settings))


def containers_of(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pod = found.get("spec", {}).get("template", {}).get("spec", {})
    yield from pod.get("initContainers", [])
    yield from pod.get("containers", [])


def check_container(container: dict[str, Any], settings: set[str]) -> Iterator[str]:
    """A container of our image: its command exists, and it is told every variable that production needs."""
    if not str(container["image"]).startswith("engagehub:"):
        return
    named = {entry["name"] for entry in container.get("env", [])} | settings
    yield from check_variables(named)
    yield from check_command(container.get("command", []))


def check_variables(named: set[str]) -> Iterator[str]:
    known = {variable.name for variable in VARIABLES} | {"DJANGO_SETTINGS_MODULE"}
    needed = {variable.name for variable in VARIABLES if variable.needed}
    yield from (f"the variable {name} does not exist." for name in sorted(named - known))
    yield from (f"the variable {name} is needed and not given." for name in sorted(needed - named))


def check_command(command: list[str]) -> Iterator[str]:
    if command[:2] == ["python", "manage.py"] and command[2] not in list_commands():
        yield f"the command {command[2]} does not exist."


def check_compose() -> Iterator[str]:
    """compose.yaml parses, its services lean on services that are there, and ours are told what they need."""
    found = yaml.safe_load((PROJECT / "compose.yaml").read_text())
    services = found["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            if other not in services:
                yield f"compose.yaml: {name} waits for {other}, which is no service."
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./") and not (PROJECT / source).exists():
                yield f"compose.yaml: {name} mounts {source}, which does not exist."
            if not source.startswith((".", "/")) and source not in found["volumes"]:
                yield f"compose.yaml: {name} uses the volume {source}, which is not declared."
        if service["image"] == "engagehub":
            yield from (
                f"compose.yaml, {name}: {line}" for line in check_variables(set(service["environment"]))
            )
            yield from (f"compose.yaml, {name}: {line}" for line in check_command(service.get("command", [])))


def check_dockerfile() -> Iterator[str]:
    """The rules that make the image safe to run; and whatever it copies exists."""
    text = (PROJECT / "Dockerfile").read_text()
    last = text.rsplit("\nFROM ", 1)[-1]
    if not re.search(r"^USER \d+:\d+$", last, re.M):
        yield "Dockerfile: the last stage has no USER with a number, so Kubernetes cannot tell that it is not root."
    if "--require-hashes" not in text:
        yield "Dockerfile: packages are installed without their hashes."
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    for line in ignored:
        if line.startswith("!") and not (PROJECT / line[1:]).exists():
            yield f".dockerignore lets {line[1:]} through, which does not exist."
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M):
        if source != "." and f"!{source}" not in ignored:
            yield f"Dockerfile copies {source}, which .dockerignore keeps out."


def _helm(helm: Path, values: dict[str, Any], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(helm), *command, "--values", "-"],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
