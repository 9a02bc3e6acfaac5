"""What sponsors get, as a file and over REST."""

from __future__ import annotations

from tests.gates.askers import World, asks, is_open
from tests.gates.askers.features import path
from tests.gates.askers.limits import _program


@asks("page dashboard-sponsor-report-export")
def take_the_report_along(world: World) -> bool:
    return is_open(world.owner.get(path("dashboard-sponsor-report-export", "csv")))


@asks("rest get_sponsor_report")
def read_the_report(world: World) -> bool:
    return is_open(_program(world, "economy:read").get("economy/sponsors"))
