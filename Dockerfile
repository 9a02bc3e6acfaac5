# EngageHub's one image: web, ingest, worker, bot and migrations differ only in their command.
#
#   docker build -t engagehub .
#   docker run --env-file .env engagehub python manage.py doctor

ARG PYTHON=3.11

# --- what is only needed to install ---
FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
# Alone, so that a change of our own code does not install everything anew.
COPY requirements.txt .
RUN pip install --require-hashes --only-binary :all: -r requirements.txt
COPY . .
# The settings want every secret; collecting pictures and style sheets uses none, so these are thrown away.
RUN SECRET_KEY=building-uses-no-secret-0123456789abcdefghij \
    FIELD_KEYS=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= \
    BASE_DOMAIN=engagehub.example DATABASE_URL=postgresql://nobody@nowhere/nothing \
    REDIS_URL=redis://nowhere:6379/0 REDIS_STREAM_URL=redis://nowhere:6379/1 \
    DISCORD_BOT_TOKEN=none DISCORD_CLIENT_ID=100000000000000000 DISCORD_CLIENT_SECRET=none EMAIL_URL=console: \
    DJANGO_SETTINGS_MODULE=saas.settings.production \
    python manage.py collectstatic --noinput \
 && python -m compileall -q -j 0 /app /opt/venv

# --- what runs ---
FROM python:${PYTHON}-slim-bookworm
ARG RELEASE=""
RUN groupadd --gid 10001 engagehub && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin engagehub
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=saas.settings.production \
    METRICS_ADDRESS=0.0.0.0:9100 \
    RELEASE=${RELEASE}
USER 10001:10001
EXPOSE 8000 9100
# The processes end on SIGTERM by themselves, after the work in hand.
STOPSIGNAL SIGTERM
CMD ["uvicorn", "saas.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--proxy-headers", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "20"]
