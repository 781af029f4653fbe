"""A function app that shows its caller what the host made of every trigger."""

import asyncio
import contextvars
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

logger = logging.getLogger("demo")
seen: list[dict[str, Any]] = []
tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


def _json(value: object) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), mimetype="application/json")


def _request(name: str, req: func.HttpRequest) -> func.HttpResponse:
    return _json(
        {
            "function": name,
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "query": dict(req.params),
            "route": dict(req.route_params),
            "body": req.get_body().decode(),
        }
    )


@app.route(route="ping", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def ping(req: func.HttpRequest) -> func.HttpResponse:
    return _request("ping", req)


@app.route(route="guarded", methods=["GET", "POST"])
async def guarded(req: func.HttpRequest) -> func.HttpResponse:
    return _request("guarded", req)


@app.route(route="administration", auth_level=func.AuthLevel.ADMIN)
async def administration(req: func.HttpRequest) -> func.HttpResponse:
    return _request("administration", req)


@app.route(route="users/{name}", auth_level=func.AuthLevel.ANONYMOUS)
async def user_by_name(req: func.HttpRequest) -> func.HttpResponse:
    return _request("user_by_name", req)


@app.route(route="users/{number:int}", auth_level=func.AuthLevel.ANONYMOUS)
async def user_by_number(req: func.HttpRequest) -> func.HttpResponse:
    return _request("user_by_number", req)


@app.route(route="users/me", auth_level=func.AuthLevel.ANONYMOUS)
async def user_me(req: func.HttpRequest) -> func.HttpResponse:
    return _request("user_me", req)


@app.route(route="things/{kind}/{id?}", auth_level=func.AuthLevel.ANONYMOUS)
async def things(req: func.HttpRequest) -> func.HttpResponse:
    return _request("things", req)


@app.route(route="files/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
async def files(req: func.HttpRequest) -> func.HttpResponse:
    return _request("files", req)


@app.route(route="boom", auth_level=func.AuthLevel.ANONYMOUS)
async def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("the reason stays in the log")


@app.route(route="nothing", auth_level=func.AuthLevel.ANONYMOUS)
async def nothing(req: func.HttpRequest) -> func.HttpResponse:
    return None  # type: ignore[return-value]  # what the host makes of it is the question


@app.route(route="text", auth_level=func.AuthLevel.ANONYMOUS)
async def text(req: func.HttpRequest) -> str:
    return "Grüße"


@app.route(route="answer", auth_level=func.AuthLevel.ANONYMOUS)
async def answer(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(b"\x00\xff", status_code=418, mimetype="application/octet-stream")
    response.headers["X-Own"] = "yes"
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60; Secure")
    return response


@app.route(route="context", auth_level=func.AuthLevel.ANONYMOUS)
async def context_variable(req: func.HttpRequest) -> func.HttpResponse:
    before = tenant.get()
    tenant.set(req.params["tenant"])
    return _json(before)


@app.route(route="sleep", auth_level=func.AuthLevel.ANONYMOUS)
async def sleep(req: func.HttpRequest) -> func.HttpResponse:
    logger.info("sleeping")
    await asyncio.sleep(float(req.params["seconds"]))
    return _json("slept")


@app.route(route="thread", auth_level=func.AuthLevel.ANONYMOUS)
def in_a_thread(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logger.warning("in a thread")
    return _json(context.invocation_id)


@app.route(route="setting/{name}", auth_level=func.AuthLevel.ANONYMOUS)
async def setting(req: func.HttpRequest) -> func.HttpResponse:
    return _json({"value": os.environ.get(req.route_params["name"]), "folder": str(Path.cwd())})


@app.route(route="enqueue", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="out", queue_name="%JOBS_QUEUE%", connection="AzureWebJobsStorage")
async def enqueue(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    out.set(req.get_json())  # a list: one message for each element
    return func.HttpResponse(status_code=202)


@app.route(route="lose", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="out", queue_name="%JOBS_QUEUE%", connection="AzureWebJobsStorage")
async def lose(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    out.set("x" * 100_000)  # a message holds 64 KiB
    return func.HttpResponse(status_code=202)


@app.route(route="seen", auth_level=func.AuthLevel.ANONYMOUS)
async def what_was_seen(req: func.HttpRequest) -> func.HttpResponse:
    return _json([entry for entry in seen if entry["what"] == req.params["what"]])


@app.queue_trigger(arg_name="message", queue_name="%JOBS_QUEUE%", connection="AzureWebJobsStorage")
async def job(message: func.QueueMessage) -> None:
    entry: dict[str, Any] = {"what": "job", "body": message.get_body().decode(), "count": message.dequeue_count}
    entry["inserted"] = message.insertion_time.isoformat() if message.insertion_time else None
    seen.append(entry)
    if entry["body"].startswith("slow"):
        await asyncio.sleep(1)
    if entry["body"].startswith("fail"):
        raise ValueError("refused")


@app.queue_trigger(arg_name="message", queue_name="%JOBS_QUEUE%-poison", connection="AzureWebJobsStorage")
async def poisoned(message: func.QueueMessage) -> None:
    seen.append({"what": "poisoned", "body": message.get_body().decode()})


def _status(timer: func.TimerRequest) -> object:
    return getattr(timer, "schedule_status", None)  # the published base class does not declare it


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
async def tick(timer: func.TimerRequest) -> None:
    seen.append({"what": "tick", "at": time.time(), "past_due": timer.past_due, "status": _status(timer)})


@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *", run_on_startup=True)
async def yearly(timer: func.TimerRequest) -> None:
    seen.append({"what": "yearly", "past_due": timer.past_due, "status": _status(timer)})


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def left_out(timer: func.TimerRequest) -> None:
    seen.append({"what": "left_out"})
