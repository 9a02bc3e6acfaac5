"""`python3 ops/deploy/environment.py > .env`: fresh secrets and what `compose.yaml` needs, for one machine.

Uses the standard library alone, so that it runs before anything is installed. What only you can know (Discord's three values,
the mail server) is left empty with a word beside it; `manage.py doctor` names what is still missing.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import sys


def write_environment(*, domain: str) -> str:
    """The file's text. Two calls never share a secret."""
    owner, app, redis = (secrets.token_urlsafe(24) for _ in range(3))
    scheme = "http" if domain == "localhost" else "https"
    port = ":8000" if domain == "localhost" else ""
    return f"""# Made by ops/deploy/environment.py; ops/environment.md describes each variable. Keep it to yourself.
SECRET_KEY={secrets.token_urlsafe(50)}
FIELD_KEYS={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}
BASE_DOMAIN={domain}
BASE_URL={scheme}://{domain}{port}

# The two database roles, and Postgres' own superuser, which only the container uses.
POSTGRES_PASSWORD={secrets.token_urlsafe(24)}
OWNER_PASSWORD={owner}
APP_PASSWORD={app}
REDIS_PASSWORD={redis}

# From Discord's developer portal. The bot starts with `docker compose --profile discord up` once they are here.
DISCORD_BOT_TOKEN=
DISCORD_CLIENT_ID=
DISCORD_CLIENT_SECRET=

# smtp://user:password@host:587 for real mail; console: writes mails into the log.
EMAIL_URL=console:
SENTRY_DSN=

# From Stripe's dashboard, to sell plans: the secret key, and the signing secret of the endpoint BASE_URL/stripe/webhook/.
STRIPE_SECRET_KEY=
STRIPE_WEBHOOK_SECRET=
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--domain", default="localhost", help="The host name under which communities get theirs."
    )
    sys.stdout.write(write_environment(domain=parser.parse_args().domain))
    return 0


if __name__ == "__main__":
    sys.exit(main())
