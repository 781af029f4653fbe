"""Triggers only: each function is a few lines that hand over to ``provisioning``."""

import json
from datetime import timedelta

import azure.functions as func

from provisioning.engine.jobs import QUEUE, Job, backup_job
from provisioning.hub import hub
from provisioning.settings import problems
from provisioning.telemetry import logs
from provisioning.telemetry.spans import invocation
from provisioning.version import VERSION

logs.install()

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

STORAGE = "AzureWebJobsStorage"


@app.function_name("healthz")
@app.route("healthz", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Tell that the app is indexed, which version runs, and what its settings lack; a deployment waits for this."""
    wrong = problems()
    status = {"status": "misconfigured" if wrong else "ok", "version": VERSION}
    body = json.dumps(status | ({"problems": wrong} if wrong else {}))
    return func.HttpResponse(body, status_code=503 if wrong else 200, mimetype="application/json")


@app.function_name("scim")
@app.route("scim/v2/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def scim(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve SCIM; the endpoint authenticates its sources itself."""
    from provisioning.scim.endpoint import ScimEndpoint

    opened = await hub()
    with invocation(context):
        return await ScimEndpoint(
            opened.directory, opened.sources, opened.settings.scim_max_body_bytes, opened.extensions.in_force
        ).serve(req)


@app.function_name("token")
@app.route("oauth/token", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.ANONYMOUS)
async def token(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Issue an access token; the endpoint proves the client itself."""
    from provisioning.sources.token_endpoint import TokenEndpoint

    with invocation(context):
        return await TokenEndpoint((await hub()).sources.clients).serve(req)


@app.function_name("admin")
@app.route("api/{*path}")
async def admin(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve the admin API; the host asks for a function key."""
    from provisioning.admin.endpoint import serve

    with invocation(context):
        return await serve(req, context)


@app.function_name("jobs")
@app.queue_trigger("message", queue_name=QUEUE, connection=STORAGE)
async def jobs(message: func.QueueMessage, context: func.Context) -> None:
    """Converge what a job names."""
    with invocation(context):
        await (await hub()).executor.execute(Job.parse(message.get_body()))


@app.function_name("poison")
@app.queue_trigger("message", queue_name=f"{QUEUE}-poison", connection=STORAGE)
async def poison(message: func.QueueMessage, context: func.Context) -> None:
    """Report a job that failed for good, so that nothing ends in a queue nobody reads."""
    with invocation(context):
        await (await hub()).poison.read(message.get_body())


@app.function_name("sweep")
@app.timer_trigger("timer", schedule="%LOCKSTEP_SWEEP_SCHEDULE%", run_on_startup=False, use_monitor=False)
async def sweep(timer: func.TimerRequest, context: func.Context) -> None:
    """Send again what is behind and not in flight."""
    with invocation(context):
        await (await hub()).sweeper.sweep()


@app.function_name("measure")
@app.timer_trigger("timer", schedule="30 * * * * *", run_on_startup=False, use_monitor=False)
async def measure(timer: func.TimerRequest, context: func.Context) -> None:
    """Tell what waits, what is behind and what has stopped: gauges, and one line in the log."""
    opened = await hub()
    try:
        with invocation(context):
            await opened.measuring.measure()
    finally:
        await opened.telemetry.flush()


@app.function_name("tidy")
@app.timer_trigger("timer", schedule="30 17 3 * * *", run_on_startup=False)
async def tidy(timer: func.TimerRequest, context: func.Context) -> None:
    """Remove report entries and access tokens past their time, and acknowledgements that nobody waits for."""
    opened = await hub()
    with invocation(context):
        await opened.reports.expire(timedelta(days=opened.settings.report_days))
        await opened.sources.tidy()
        await opened.sweeper.tidy()


@app.function_name("backup")
@app.timer_trigger("timer", schedule="0 47 2 * * *", run_on_startup=False)
async def backup(timer: func.TimerRequest, context: func.Context) -> None:
    """Begin the nightly backup of all tables; jobs write it, a part at a time."""
    opened = await hub()
    with invocation(context):
        await opened.jobs.send([backup_job(opened.backup.begin())])
