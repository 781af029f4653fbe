"""The control socket of a running local system."""

import asyncio
import socket
from pathlib import Path

import pytest

from sandbox import control
from sandbox.services import ServiceFailed


async def obey(do: str, service: str) -> str:
    """Do nothing, but say what was asked; there is no service called "none"."""
    if service == "none":
        raise ServiceFailed("there is no service called none")
    return f"{do} {service}"


async def test_a_command_is_answered_in_words(tmp_path: Path) -> None:
    async with control.listening(obey, tmp_path):
        assert await asyncio.to_thread(control.ask, "stop", "slapd", tmp_path) == "stop slapd"


async def test_a_refusal_is_raised_where_the_command_was_given(tmp_path: Path) -> None:
    async with control.listening(obey, tmp_path):
        with pytest.raises(ServiceFailed, match="no service called none"):
            await asyncio.to_thread(control.ask, "stop", "none", tmp_path)


async def test_only_the_owner_may_open_the_door(tmp_path: Path) -> None:
    async with control.listening(obey, tmp_path):
        assert (tmp_path / control.SOCKET).stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / control.SOCKET).exists()


async def test_a_path_longer_than_a_socket_name_may_be_works(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 40)
    folder.mkdir()
    async with control.listening(obey, folder):
        assert await asyncio.to_thread(control.ask, "status", "", folder) == "status "


async def test_the_socket_of_a_killed_run_is_no_obstacle(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / control.SOCKET))
    async with control.listening(obey, tmp_path):
        assert await asyncio.to_thread(control.ask, "start", "slapd", tmp_path) == "start slapd"


async def test_nonsense_is_answered_and_harms_nothing(tmp_path: Path) -> None:
    async with control.listening(obey, tmp_path):
        for line in (b"\n", b"[1]\n", b'{"service": 1}\n', b"\xff\n"):
            reader, writer = await asyncio.open_unix_connection(tmp_path / control.SOCKET)
            writer.write(line)
            assert b"error" in await reader.readline()
            writer.close()
            await writer.wait_closed()


def test_without_a_running_system_the_command_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="make up"):
        control.ask("stop", "slapd", tmp_path)
