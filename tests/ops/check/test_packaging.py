"""What is shipped is checked for real: each fault that a chart, compose file or image can have is seen."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.check import packaging
from ops.check.helm import NoHelmError, find_helm
from ops.check.packaging import SETUPS, check_manifests
from ops.deploy.environment import write_environment
from ops.devstack.places import PROJECT
from saas.settings.variables import find_problems


@pytest.fixture(scope="session")
def helm() -> Path:
    try:
        return find_helm()
    except NoHelmError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def render(helm: Path, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return packaging._helm(helm, values, "template", "engagehub", "helm", "--kube-version", "1.31.0")


def test_nothing_is_wrong_with_what_is_shipped() -> None:
    assert packaging.find_packaging_problems() == []


@pytest.mark.parametrize("name", SETUPS)
def test_every_setup_has_each_process(helm: Path, name: str) -> None:
    text = render(helm, SETUPS[name]).stdout
    made = {(found["kind"], found["metadata"]["name"]) for found in yaml.safe_load_all(text) if found}
    assert {
        ("Deployment", "engagehub-web"),
        ("Deployment", "engagehub-ingest"),
        ("Deployment", "engagehub-worker"),
        ("Job", "engagehub-migrate-1"),
    } <= made
    assert (("StatefulSet", "engagehub-bot") in made) == (name != "no bot")


def test_pods_follow_from_the_number_of_shards(helm: Path) -> None:
    text = render(helm, SETUPS["a secret of yours"]).stdout
    (bot,) = [found for found in yaml.safe_load_all(text) if found and found["kind"] == "StatefulSet"]
    assert bot["spec"]["replicas"] == 3  # 40 shards, 16 a pod


def test_only_those_who_make_schemas_know_the_owner(helm: Path) -> None:
    told = set()
    for found in yaml.safe_load_all(render(helm, SETUPS["everything on"]).stdout):
        for container in packaging.containers_of(found or {}):
            if any(entry["name"] == "DATABASE_OWNER_URL" for entry in container.get("env", [])):
                told.add(container["name"])
    assert told == {"worker", "migrate"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"secrets": {"SECRET_KEY": "x"}}, "is empty. Set it, or name a Secret"),
        ({"existingSecret": "mine", "postgres": {"inCluster": True}}, "postgres.superuserPassword is empty"),
        ({"existingSecret": "mine", "web": {"replicas": "two"}}, "web.replicas"),
        ({"existingSecret": "mine", "wbe": {"replicas": 2}}, "wbe"),
        ({"existingSecret": "mine", "baseDomain": "https://engagehub.example"}, "baseDomain"),
    ],
)
def test_wrong_values_are_refused_by_name(helm: Path, values: dict[str, Any], said: str) -> None:
    answer = render(helm, values)
    assert answer.returncode != 0
    assert said in answer.stderr


def test_a_wrong_manifest_is_seen(helm: Path) -> None:
    objects = [found for found in yaml.safe_load_all(render(helm, SETUPS["no bot"]).stdout) if found]
    web = next(
        found
        for found in objects
        if found["metadata"]["name"] == "engagehub-web" and found["kind"] == "Deployment"
    )

    def problems(change: Any) -> list[str]:
        changed = copy.deepcopy(objects)
        change(changed[objects.index(web)]["spec"]["template"]["spec"])
        return list(check_manifests(yaml.safe_dump_all(changed), "1.31.0"))

    assert any("conatiners" in line for line in problems(lambda pod: pod.update(conatiners=[])))
    assert any(
        "NO_SUCH does not exist" in line
        for line in problems(
            lambda pod: pod["containers"][0]["env"].append({"name": "NO_SUCH", "value": "1"})
        )
    )
    assert any(
        "SECRET_KEY is needed" in line for line in problems(lambda pod: pod["containers"][0]["env"].pop(1))
    )
    assert any(
        "run_nothing does not exist" in line
        for line in problems(
            lambda pod: pod["containers"][0].update(command=["python", "manage.py", "run_nothing"])
        )
    )


def test_the_first_environment_is_a_good_one() -> None:
    values = dict(
        line.split("=", 1)
        for line in write_environment(domain="hub.example").splitlines()
        if "=" in line[:30]
    )
    missing = {problem.variable for problem in find_problems(values, production=True)}
    # What only its owner knows, and what compose.yaml puts together.
    assert missing == {
        "DATABASE_URL",
        "REDIS_URL",
        "REDIS_STREAM_URL",
        "DISCORD_BOT_TOKEN",
        "DISCORD_CLIENT_ID",
        "DISCORD_CLIENT_SECRET",
    }
    assert write_environment(domain="hub.example") != write_environment(domain="hub.example")


def test_the_images_own_step_collects_the_assets() -> None:
    """The RUN line of the Dockerfile as it stands there, writing nothing."""
    text = (PROJECT / "Dockerfile").read_text()
    (run,) = [part for part in text.split("\nRUN ") if "collectstatic" in part]
    line = run.split("&&")[0].replace("\\\n", " ").replace("python manage.py", f"{sys.executable} manage.py")
    done = subprocess.run(
        ["sh", "-c", f"{line.strip()} --dry-run"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "static files" in done.stdout
