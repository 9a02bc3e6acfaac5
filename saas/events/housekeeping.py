"""Periodic care for the job table: work whose worker died runs again, finished rows go.

These two are procrastinate tasks of its own kind (asynchronous, on the worker's connection): they touch the public job
tables only and no tenant.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

logger = logging.getLogger(__name__)
QUEUE = "housekeeping"
MAX_STALLS = 10
KEEP_SUCCEEDED_HOURS = 24
KEEP_FAILED_HOURS = 30 * 24


@app.periodic(cron="* * * * *", queueing_lock="saas.events.retry_stalled_jobs")
@app.task(name="saas.events.retry_stalled_jobs", queue=QUEUE, pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int = 0) -> None:
    """A job whose worker gave no heartbeat for 30 s waits again; after MAX_STALLS tries it counts as failed.

    The bound keeps a job that kills its worker from doing so for ever.
    """
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=30):
        # No lock keeps two runs apart, since a stalled run would hold it for ever; the loser's statement is refused.
        with suppress(ConnectorException):
            await _revive(manager, stalled)


async def _revive(manager: JobManager, stalled: Job) -> None:
    if stalled.attempts + 1 >= MAX_STALLS:
        logger.error(
            "Job %s (%s) lost its worker %s times; given up.", stalled.id, stalled.task_name, MAX_STALLS
        )
        await manager.finish_job(stalled, status=Status.FAILED, delete_job=False)
    else:
        logger.warning("Job %s (%s) lost its worker; it runs again.", stalled.id, stalled.task_name)
        await manager.retry_job(stalled)


@app.periodic(cron="17 * * * *", queueing_lock="saas.events.prune_jobs")
@app.task(name="saas.events.prune_jobs", queue=QUEUE, pass_context=True)
async def prune_jobs(context: JobContext, timestamp: int = 0) -> None:
    """Delete succeeded jobs after a day, the others that ended after 30."""
    manager = context.app.job_manager
    await manager.delete_old_jobs(nb_hours=KEEP_SUCCEEDED_HOURS)
    await manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
