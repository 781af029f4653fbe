"""What the local system chooses, keeps and locks."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import state
from sandbox.services import LOOPBACK, ServiceFailed


def test_without_settings_the_port_is_7071_and_secrets_are_long_and_random() -> None:
    first, second = state.choose({}, {}), state.choose({}, {})
    assert first.port == 7071
    assert min(len(first.scim_token), len(first.admin_key)) >= 32
    assert len({first.scim_token, second.scim_token, first.admin_key, second.admin_key}) == 4


def test_the_environment_overrides_what_was_kept() -> None:
    kept = {
        "LOCKSTEP_PORT": "9000",
        "LOCKSTEP_SCIM_TOKEN": "kept-token-0123456",
        "LOCKSTEP_ADMIN_KEY": "kept-key-01234567",
    }
    given = {"LOCKSTEP_PORT": "7099", "LOCKSTEP_SCIM_TOKEN": "given-token-0123456"}
    assert state.choose(given, kept) == state.Choices(7099, "given-token-0123456", "kept-key-01234567")


def test_the_port_of_the_last_start_is_not_kept() -> None:
    assert state.choose({}, {"LOCKSTEP_PORT": "9000"}).port == 7071


@pytest.mark.parametrize("port", ["0", "65536", "seven", "-1", "\u0667\u0660\u0667\u0661"])
def test_a_port_that_is_none_is_refused_in_words(port: str) -> None:
    with pytest.raises(ServiceFailed, match="LOCKSTEP_PORT"):
        state.choose({"LOCKSTEP_PORT": port}, {})


@pytest.mark.parametrize(
    "token", ["short", "with spaces in the middle", "täglich-ein-token-mehr", "line\nbreak-0123456789"]
)
def test_a_token_that_cannot_stand_in_a_header_is_refused(token: str) -> None:
    with pytest.raises(ServiceFailed, match="LOCKSTEP_SCIM_TOKEN") as problem:
        state.choose({"LOCKSTEP_SCIM_TOKEN": token}, {})
    assert token not in str(problem.value)


def test_a_shell_and_the_next_start_read_the_same_values_from_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    values = {"LOCKSTEP_SCIM_TOKEN": 'it\'s $HOME & "more"', "LOCKSTEP_PORT": "7071"}
    state.write_env(file, values)
    assert state.read_env(file) == values
    read = ["/bin/sh", "-c", f'. {file}; printf %s "$LOCKSTEP_SCIM_TOKEN"']
    shell = subprocess.run(read, capture_output=True, text=True, check=True)
    assert shell.stdout == values["LOCKSTEP_SCIM_TOKEN"]


def test_a_missing_env_file_is_an_empty_one(tmp_path: Path) -> None:
    assert state.read_env(tmp_path / "none") == {}


def test_files_with_secrets_are_their_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secrets.json"
    state.write_secrets(file, {"ldap": "first"})
    file.chmod(0o644)
    state.write_secrets(file, {"ldap": "second"})
    assert file.stat().st_mode & 0o777 == 0o600
    assert "second" in file.read_text()


def test_a_start_without_a_past_empties_its_own_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "demo" / "azurite").mkdir(parents=True)
    (tmp_path / "azurite").mkdir()
    assert list(state.start_afresh(tmp_path, "demo").iterdir()) == []
    assert (tmp_path / "azurite").exists()
    for name in ("", ".", "..", "demo/../azurite", "/tmp"):
        with pytest.raises(ValueError, match="no name of a folder"):
            state.start_afresh(tmp_path, name)
    assert (tmp_path / "azurite").exists()


def test_a_second_system_in_the_same_checkout_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    with (
        state.only_one(tmp_path),
        pytest.raises(ServiceFailed, match=r"runs already \(process \d+\)"),
        state.only_one(tmp_path),
    ):
        pass
    with state.only_one(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from sandbox.state import only_one\n"
        "with only_one(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ServiceFailed, match=f"process {holder.pid}"), state.only_one(tmp_path):
            pass
        holder.kill()
    with state.only_one(tmp_path):
        pass


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceFailed, match=rf"Port {port} is in use .* LOCKSTEP_PORT="):
            state.check_port(port)
    state.check_port(port)
