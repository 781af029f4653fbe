"""The HTTP function's way into the admin API. Imports FastAPI with the first request: cold start does not pay for it.

``function_app`` routes ``api/{*path}`` here, with the auth level FUNCTION and the route prefix "": the paths that the
app sees are the whole ones.
"""

import json
import logging

import azure.functions as func

_QUOTING = "Received %s from ASGI worker."


class _WithoutAnswers(logging.Filter):
    """Drops what azure's middleware logs at DEBUG: whole answers, a token that has just been issued among them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything else pass."""
        return record.msg != _QUOTING


_without_answers = _WithoutAnswers()


async def serve(request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve one request of the admin API."""
    from provisioning.admin.api import app

    # The middleware logs by the root logger itself; adding the same filter again changes nothing.
    logging.getLogger().addFilter(_without_answers)
    try:
        middleware = func.AsgiMiddleware(app())  # type: ignore[no-untyped-call]  # azure's own has no types
        answer: func.HttpResponse = await middleware.handle_async(request, context)
    except UnicodeDecodeError:
        # The middleware decodes the path before the app is asked.
        body = {
            "type": "about:blank",
            "title": "Bad request",
            "status": 400,
            "detail": "The path is not valid UTF-8 in percent-encoding.",
        }
        return func.HttpResponse(json.dumps(body), status_code=400, mimetype="application/problem+json")
    return answer
