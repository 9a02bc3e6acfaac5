"""Making the schemas of founded communities, on a queue of its own: its workers may use the owner's database role."""

from __future__ import annotations

import logging
from typing import Any

from engagement.audit.actor import SYSTEM, Actor
from saas.core.errors import EngageHubError
from saas.core.ids import new_reference
from saas.events.jobs import PUBLIC, defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import TenantContext
from tenants.founding import list_overdue, note_founding_failed, remove_unfinished
from tenants.models import Membership
from tenants.provisioning import finish_provisioning

from .lifecycle import record_creation
from .seeding import seed_community

logger = logging.getLogger(__name__)
QUEUE = "provisioning"
# Somebody is watching: the first tries come quickly, and the sweep goes on where these end.
IMPATIENT = Backoff(tries=4, first=1, longest=10)


@job(queue=QUEUE, retry=IMPATIENT, priority=10)
def provision_community(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CommunityFounded. Idempotent: a community that is there already is left alone."""
    _provision(int(event["tenant_id"]))


@job(queue=QUEUE, retry=IMPATIENT)
def mend_founding(*, tenant: str, tenant_id: int) -> None:
    """Finish what a killed worker left."""
    _provision(tenant_id)


@periodic_job(cron="* * * * *", queue=QUEUE)
def mend_foundings(*, tenant: str, timestamp: int = 0) -> None:
    """Each minute: communities whose schema should be there by now are finished, or given up after a day."""
    for tenant_id, is_lost in list_overdue():
        if is_lost:
            if remove_unfinished(tenant_id=tenant_id):
                logger.error("Community %s could not be made within a day; it was removed.", tenant_id)
        else:
            defer(mend_founding, tenant=PUBLIC, tenant_id=tenant_id, queueing_lock=f"mend {tenant_id}")


def _seed(context: TenantContext) -> None:
    """The first rows, and who founded it, by what the row of its owner says."""
    seed_community(context)
    found = Membership.objects.select_related("user").filter(
        tenant_id=context.tenant_id, role=Membership.Role.OWNER
    )
    owner = found.first()
    founder = SYSTEM if owner is None else Actor("user", owner.user_id, str(owner.user), "owner", "web")
    record_creation(context=context, actor=founder)


def _provision(tenant_id: int) -> None:
    try:
        finish_provisioning(tenant_id=tenant_id, seed=_seed)
    except Exception as error:
        reference = error.reference if isinstance(error, EngageHubError) else new_reference()
        logger.exception("Community %s could not be made (ref %s)", tenant_id, reference)
        message = f"Our database did not take it this time. We go on trying by ourselves. Ref {reference}."
        note_founding_failed(tenant_id=tenant_id, message=message)
        raise
