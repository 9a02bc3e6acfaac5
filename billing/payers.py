"""Who pays: a person or a company, each one customer at Stripe's.

Invariant: a payer has one customer, made under the payer's lock with the payer's own key as idempotency key; the row knows it
before anything else is asked of Stripe.
"""

from __future__ import annotations

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import require_line
from tenants.models import Tenant, User

from .errors import PayerNotFoundError, StripeRefusedError
from .locks import holding_payer
from .models import Payer, Subscription
from .stripe_api import asking_stripe

log = structlog.get_logger(__name__)


def obtain_payer(*, user: User, key: str = "") -> Payer:
    """The payer that `key` names, which must be this user's; without one, the user as a person. Idempotent.

    Raises PayerNotFoundError.
    """
    with enter_schema(PUBLIC):
        if key:
            found = Payer.objects.filter(key=key, user=user).first()
            if found is None:
                raise PayerNotFoundError
            return found
        payer, _ = Payer.objects.get_or_create(
            user=user, kind=Payer.Kind.PERSON, defaults={"email": user.email}
        )
        return payer


def add_company(*, user: User, name: str, email: str) -> Payer:
    """A company that `user` pays for with its own cards and invoices. One of the same name is the same; idempotent.

    Raises InvalidInputError, whose `field` is name or email.
    """
    name, email = _check_name(name), _check_email(email)
    with enter_schema(PUBLIC):
        payer, _ = Payer.objects.get_or_create(
            user=user, kind=Payer.Kind.COMPANY, name=name, defaults={"email": email}
        )
    return payer


def list_payers(*, user: User) -> list[Payer]:
    """Those that the user pays as, oldest first."""
    with enter_schema(PUBLIC):
        return list(Payer.objects.filter(user=user).order_by("pk"))


def get_payer(*, tenant: Tenant) -> Payer | None:
    """Who pays for the community now; None where nobody does."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("payer__user").filter(tenant=tenant, ended_at=None)
        row = rows.first()
    return row.payer if row is not None else None


def change_payer(*, payer: Payer, kind: str, name: str, email: str) -> Payer:
    """Become a company or a person, and where invoices go from now on; at Stripe's too. Idempotent.

    Raises InvalidInputError, StripeAwayError; then nothing was changed here.
    """
    if kind not in Payer.Kind.values:
        raise InvalidInputError("A payer is a person or a company.", field="kind")
    name = _check_name(name) if kind == Payer.Kind.COMPANY else ""
    email = _check_email(email)
    with holding_payer(payer.pk):
        row = Payer.objects.select_related("user").get(pk=payer.pk)
        other = Payer.objects.filter(user=row.user, kind=Payer.Kind.PERSON).exclude(pk=row.pk)
        if kind == Payer.Kind.PERSON and other.exists():
            raise InvalidInputError(
                "You pay as a person already, with other cards. Have the payment moved there.", field="kind"
            )
        row.kind, row.name, row.email = kind, name, email
        try:
            with transaction.atomic():
                row.save(update_fields=["kind", "name", "email"])
        except IntegrityError:
            raise InvalidInputError(
                f"You pay as {name} already, with other cards. Choose another name, or have the payment moved there.",
                field="name",
            ) from None
        if row.stripe_id:
            _describe_to_stripe(row, row.stripe_id)
    return row


def obtain_customer(*, payer: Payer) -> str:
    """The id of the payer's customer at Stripe's; made at the first call. Two at once make one.

    Holds the payer's lock. Raises StripeAwayError, BillingBusyError.
    """
    if payer.stripe_id:
        return payer.stripe_id
    with holding_payer(payer.pk):
        row = Payer.objects.select_related("user").get(pk=payer.pk)
        if row.stripe_id:
            return row.stripe_id
        # Nothing that can change between two tries stands in the request: Stripe refuses one key with two bodies.
        with asking_stripe() as stripe:
            made = stripe.v1.customers.create(
                {"metadata": {"payer": row.key}}, {"idempotency_key": f"customer-{row.key}"}
            )
        row.stripe_id = made.id
        row.save(update_fields=["stripe_id"])
    try:
        _describe_to_stripe(row, made.id)
    except InvalidInputError:
        log.warning("stripe_takes_no_such_address", payer=row.key)  # Stripe's page asks for one.
    return made.id


def _describe_to_stripe(payer: Payer, stripe_id: str) -> None:
    """Raises InvalidInputError for an address that Stripe does not take; the name is there then all the same."""
    name, email = payer.name or str(payer.user), payer.email or payer.user.email
    try:
        with asking_stripe() as stripe:
            stripe.v1.customers.update(stripe_id, {"name": name, "email": email})
    except StripeRefusedError as error:
        if getattr(error.__cause__, "param", "") != "email":
            raise
        with asking_stripe() as stripe:
            stripe.v1.customers.update(stripe_id, {"name": name})
        raise InvalidInputError(
            "Our payment provider does not take this address. Use another one for invoices.", field="email"
        ) from error


def _check_name(name: str) -> str:
    return require_line(name, longest=100, what="The company's name", field="name")


def _check_email(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInputError(
            "Invoices need an address, such as billing@example.com.", field="email"
        ) from None
    return email
