"""Application Insights' ingestion, as far as a test looks: an HTTP server that keeps what the real exporter sends."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0b3ad0c2-5f0f-4d0e-9d57-1c4a7d9b0f11"

type Envelope = dict[str, Any]


class Ingestion:
    """What was sent: envelopes, and the requests that carried them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.envelopes: list[Envelope] = []
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def connection_string(self) -> str:
        """The connection string that leads here. It names no other endpoint."""
        here = f"http://127.0.0.1:{self.port}/"
        return f"InstrumentationKey={KEY};IngestionEndpoint={here};LiveEndpoint={here}"

    def metrics(self, name: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """Return (properties, data point) of each row of a metric, in the order they came."""
        data = [each["data"]["baseData"] for each in self.envelopes if each["data"]["baseType"] == "MetricData"]
        return [
            (each.get("properties") or {}, point) for each in data for point in each["metrics"] if point["name"] == name
        ]

    def spans(self) -> dict[str, Envelope]:
        """Return the spans by name."""
        kept = [each for each in self.envelopes if each["data"]["baseType"] == "RemoteDependencyData"]
        return {each["data"]["baseData"]["name"]: each for each in kept}

    def wait[T](self, look: Callable[[], T], seconds: float = 20) -> T:
        """Return what ``look`` finds as soon as that is true."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"waited in vain; there are {[each['data'] for each in self.envelopes]}"
            time.sleep(0.05)
        return found


@contextmanager
def ingestion() -> Iterator[Ingestion]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            text = body.decode()
            items = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
            kept.requests.append((self.path, dict(self.headers)))
            kept.envelopes.extend(items)
            answer = json.dumps({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept = Ingestion(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
