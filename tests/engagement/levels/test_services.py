"""The tenant's curve and the names of its levels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engagement.audit.actor import SYSTEM
from engagement.levels.curves import DEFAULT_CURVE
from engagement.levels.errors import InvalidCurveError, InvalidLevelNameError
from engagement.levels.selectors import (
    get_curve,
    get_curve_version,
    get_level_name,
    list_level_names,
    load_curve,
)
from engagement.levels.services import set_curve, set_level_name
from tenants.context import TenantContext, enter_tenant


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def test_a_fresh_tenant_has_the_default_curve() -> None:
    assert load_curve().thresholds == DEFAULT_CURVE.thresholds
    assert get_curve_version() == 0


def test_a_new_curve_has_a_new_version_and_the_same_again_has_not() -> None:
    first = set_curve(kind="linear", parameters={"step": 10})
    curve = set_curve(kind="linear", parameters={"step": 10})

    assert first.version == curve.version == get_curve_version() != 0
    assert set_curve(kind="linear", parameters={"step": 11}).version != curve.version
    assert get_curve(version=get_curve_version()).level_for(25) == 2
    curve = set_curve(kind="linear", parameters={"step": 10})
    assert load_curve() == curve
    assert load_curve().level_for(25) == 2


def test_a_bad_curve_changes_nothing() -> None:
    with pytest.raises(InvalidCurveError):
        set_curve(kind="linear", parameters={"step": 0})

    assert get_curve_version() == 0


def test_names_of_levels() -> None:
    set_level_name(actor=SYSTEM, level=5, name="  Regular   guest ")
    set_level_name(actor=SYSTEM, level=6, name="Gone")
    set_level_name(actor=SYSTEM, level=6, name="")

    names = list_level_names()
    assert names[5] == "Regular guest"
    assert 6 not in names
    assert (get_level_name(level=5), get_level_name(level=6)) == ("Regular guest", "")
    for level, name in ((-1, "x"), (1001, "x"), (1, "x" * 61)):
        with pytest.raises(InvalidLevelNameError):
            set_level_name(actor=SYSTEM, level=level, name=name)
