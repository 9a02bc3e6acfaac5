"""A community that goes ends its plan first, and one that comes back is asked before anything is charged again.

Invariants: no community is deleted while its plan goes on being charged; what is left of the period becomes the payer's credit;
nothing is bought for a community that is closed.
"""

from __future__ import annotations

from engagement.audit.actor import Actor
from engagement.kinds import lifecycle
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.errors import NotTheNameError
from tenants.models import Tenant

from .audit import record
from .checkout import close_checkouts
from .income.ending import end_supports_of_tenant
from .letters import write_kept_payer, write_plan_offered
from .locks import holding_tenant
from .mirror import end_at_stripe, look_held
from .models import Subscription
from .retainers.covering import release_deleted
from .wording import describe_standing, plan_name


def delete_community(*, context: TenantContext, typed_name: str, actor: Actor) -> Tenant:
    """As engagement.kinds.lifecycle.delete_community, after the community's plan was ended.

    Raises as that, and StripeAwayError or StripeUnsureError: then the community is not deleted.
    """
    with enter_schema(PUBLIC):
        name = Tenant.objects.values_list("name", flat=True).get(pk=context.tenant_id)
    if " ".join(typed_name.split()) != " ".join(name.split()):
        # Before the plan is touched.
        raise NotTheNameError(name)
    end_for_deletion(tenant_id=context.tenant_id, actor=actor)
    return lifecycle.delete_community(context=context, typed_name=typed_name, actor=actor)


def get_plan_to_end(*, tenant_id: int) -> str:
    """The name of the plan that a deletion would end; empty for none."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None)
        plan = rows.values_list("plan", flat=True).first()
    return plan_name(plan) if plan else ""


def end_for_deletion(*, tenant_id: int, actor: Actor) -> bool:
    """End the community's plan at once, with credit for what is left of it; False where it has none. Open checkout pages close, and
    what members pay to the community ends too, without credit.

    Holds the tenant's billing lock; idempotent. Publishes SubscriptionEnded. Raises StripeAwayError, StripeUnsureError,
    BillingBusyError.
    """
    end_supports_of_tenant(tenant_id=tenant_id, actor=actor)
    release_deleted(tenant_id=tenant_id, actor=actor)
    with enter_schema(PUBLIC):
        concerned = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).exists()
    close_checkouts(tenant_id=tenant_id)
    if not concerned:
        return False
    with holding_tenant(tenant_id):
        known = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        before, _ = look_held(stripe_id=known.stripe_id) if known else (None, {})
        if before is None or before.ended_at is not None:
            return False
        end_at_stripe(before.stripe_id, unpaid=before.unpaid_since is not None)
        after, _ = look_held(stripe_id=before.stripe_id)
        ended = after is not None and after.ended_at is not None
        if after is not None and ended:
            after.reminded = {**after.reminded, "deletion": clock.now().isoformat()}
            after.save(update_fields=["reminded"])
            record(
                tenant=before.tenant,
                actor=actor,
                action="plan.cancelled",
                before={"plan": describe_standing(before)},
                after={"plan": describe_standing(after)},
                note="The community is deleted.",
            )
    return ended


def offer_again(*, tenant_id: int) -> bool:
    """A community was restored: its owner and its former payer are told that its plan ended, and that nothing is charged until
    they choose one. False where it had none."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user").filter(tenant_id=tenant_id)
        row = rows.order_by("-pk").first()
        if row is None or row.ended_at is None or "deletion" not in row.reminded:
            return False
        if row.tenant.state == Tenant.State.DELETED:
            return False
        write_plan_offered(row)
    return True


def tell_kept_payer(*, tenant_id: int, owner_id: int) -> bool:
    """A community has another owner: who pays stays the same, and both are told so. False where nobody pays."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user")
        row = rows.filter(tenant_id=tenant_id, ended_at=None).first()
        if row is None or row.payer.user_id == owner_id:
            return False
        write_kept_payer(row)
    return True
