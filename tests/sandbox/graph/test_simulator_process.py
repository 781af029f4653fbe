"""``python -m sandbox.graph``: starts, serves, stops."""

import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path

import aiohttp

from sandbox.certificates import ensure_certificates

ROOT = Path(__file__).parents[3]


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.graph", *arguments, cwd=ROOT, stdout=-1, stderr=-1, env={**os.environ}
    )


async def test_it_says_where_it_serves_and_stops_on_sigterm(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret-of-the-app\n")
    process = await _start(
        *("--tls-dir", str(tmp_path / "tls"), "--tenant", "t-1", "--client-id", "c-1"),
        *("--client-secret-file", str(secret), "--domain", "Fabrikam.example", "--permission", "User.Read.All"),
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("Graph simulator: https://localhost:")
        base = line.split()[2]
        trust = ssl.create_default_context(cafile=str(ensure_certificates(tmp_path / "tls").ca))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
            form = {"grant_type": "client_credentials", "client_id": "c-1", "client_secret": "s3cret-of-the-app"}
            form["scope"] = "https://graph.microsoft.com/.default"
            origin = base.removesuffix("/v1.0")
            async with session.post(f"{origin}/t-1/oauth2/v2.0/token", data=form) as response:
                token = (await response.json())["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(f"{base}/users", headers=headers) as response:
                assert response.status == 200
            async with session.get(f"{base}/organization", headers=headers) as response:
                assert response.status == 403
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = await asyncio.wait_for(process.communicate(), 20)

    assert (process.returncode, errors) == (0, b"")
    assert b"s3cret-of-the-app" not in output


async def test_an_empty_secret_is_an_error_in_words(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("\n")

    process = await _start(
        *("--tls-dir", str(tmp_path), "--tenant", "t", "--client-id", "c", "--client-secret-file", str(secret))
    )
    _, errors = await process.communicate()

    assert process.returncode == 1
    assert b"is empty" in errors
