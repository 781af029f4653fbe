"""Triggers only: each function is a few lines that hand over to ``provisioning``."""

import json
from datetime import timedelta

import azure.functions as func

from provisioning.engine.jobs import QUEUE, Job, backup_job
from provisioning.hub import hub
from provisioning.version import VERSION

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

STORAGE = "AzureWebJobsStorage"


@app.function_name("healthz")
@app.route("healthz", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Tell that the app is indexed and which version runs; a deployment waits for this."""
    return func.HttpResponse(json.dumps({"status": "ok", "version": VERSION}), mimetype="application/json")


@app.function_name("scim")
@app.route("scim/v2/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def scim(req: func.HttpRequest) -> func.HttpResponse:
    """Serve SCIM; the endpoint authenticates its sources itself."""
    from provisioning.scim.endpoint import ScimEndpoint

    opened = await hub()
    return await ScimEndpoint(
        opened.directory, opened.sources, opened.settings.scim_max_body_bytes, opened.extensions.in_force
    ).serve(req)


@app.function_name("token")
@app.route("oauth/token", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.ANONYMOUS)
async def token(req: func.HttpRequest) -> func.HttpResponse:
    """Issue an access token; the endpoint proves the client itself."""
    from provisioning.sources.token_endpoint import TokenEndpoint

    return await TokenEndpoint((await hub()).sources.clients).serve(req)


@app.function_name("admin")
@app.route("api/{*path}")
async def admin(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve the admin API; the host asks for a function key."""
    from provisioning.admin.endpoint import serve

    return await serve(req, context)


@app.function_name("jobs")
@app.queue_trigger("message", queue_name=QUEUE, connection=STORAGE)
async def jobs(message: func.QueueMessage) -> None:
    """Converge what a job names."""
    await (await hub()).executor.execute(Job.parse(message.get_body()))


@app.function_name("poison")
@app.queue_trigger("message", queue_name=f"{QUEUE}-poison", connection=STORAGE)
async def poison(message: func.QueueMessage) -> None:
    """Report a job that failed for good, so that nothing ends in a queue nobody reads."""
    await (await hub()).poison.read(message.get_body())


@app.function_name("sweep")
@app.timer_trigger("timer", schedule="%LOCKSTEP_SWEEP_SCHEDULE%", run_on_startup=False, use_monitor=False)
async def sweep(timer: func.TimerRequest) -> None:
    """Send again what is behind and not in flight."""
    await (await hub()).sweeper.sweep()


@app.function_name("tidy")
@app.timer_trigger("timer", schedule="30 17 3 * * *", run_on_startup=False)
async def tidy(timer: func.TimerRequest) -> None:
    """Remove report entries and access tokens past their time, and acknowledgements that nobody waits for."""
    opened = await hub()
    await opened.reports.expire(timedelta(days=opened.settings.report_days))
    await opened.sources.tidy()
    await opened.sweeper.tidy()


@app.function_name("backup")
@app.timer_trigger("timer", schedule="0 47 2 * * *", run_on_startup=False)
async def backup(timer: func.TimerRequest) -> None:
    """Begin the nightly backup of all tables; jobs write it, a part at a time."""
    opened = await hub()
    await opened.jobs.send([backup_job(opened.backup.begin())])
