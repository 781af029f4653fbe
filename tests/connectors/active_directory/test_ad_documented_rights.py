"""The rights in docs/active-directory.md: the sandbox's service account, as which all tests work, has just those."""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from connectors.active_directory.access import GET_CHANGES, GROUP_CLASS, RESET_PASSWORD, SECURITY, USER_CLASS
from connectors.contract import Reading
from connectors.errors import Rejected
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Session
from sandbox.samba import BASE, DISABLED, GROUPS, SERVICE_ACCOUNT, USERS, Samba
from tests.connectors.active_directory.conftest import USER, Opening, person, word

pytestmark = pytest.mark.samba

PAGE = Path(__file__).parents[3] / "docs/active-directory.md"
UNIT_CLASS = "bf967aa5-0de6-11d0-a285-00aa003049e2"

NAMES = {
    "user": USER_CLASS,
    "group": GROUP_CLASS,
    "organizationalUnit": UNIT_CLASS,
    "Reset Password": RESET_PASSWORD,
    "Replicating Directory Changes": GET_CHANGES,
    "Reanimate Tombstones": "45ec5156-db7e-47bb-b53f-dbeb2d03c40f",
}
"""Classes and rights by the names that dsacls knows them by (MS-ADTS 5.1.3.2.1)."""
INHERITED = {None: "", "T": "CI", "S": "CIIO"}
"""``/I:``: this object; and those below; those below only (MS-DTYP 2.5.1.1)."""


@dataclass(frozen=True, order=True)
class Right:
    """One entry of an access control list, of the service account, in the letters of SDDL."""

    dn: str
    flags: str
    letters: tuple[str, ...]
    of: str
    below: str


def pairs(letters: str) -> tuple[str, ...]:
    """Rights by their letters; SDDL says CR for dsacls' CA."""
    return tuple(sorted(letters[at : at + 2].replace("CA", "CR") for at in range(0, len(letters), 2)))


def documented(*blocks: str) -> set[Right]:
    """The rights that blocks of the page give, in the sandbox's domain."""
    found: set[Right] = set()
    for block in blocks:
        text = re.search(rf"^```dsacls {block}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        assert text, block
        for line in text[1].replace("DC=example,DC=com", "DC=example,DC=test").splitlines():
            if not line.endswith(" /takeownership"):
                found.add(right(line))
    return found


def right(line: str) -> Right:
    """What one call of dsacls gives."""
    told = re.fullmatch(r'dsacls "(.+?)"(?: /I:([TS]))? /G "CORP\\lockstep:([A-Z]+)(?:;([\w ]*))?(?:;(\w*))?"', line)
    assert told, line
    dn, inherited, letters, of, below = told.groups()
    return Right(dn, INHERITED[inherited], pairs(letters), NAMES[of] if of else "", NAMES[below] if below else "")


def sid_of_the_account(admin: Session) -> bytes:
    account = admin.read(SERVICE_ACCOUNT, ["objectSid"])
    assert account is not None
    return account.octets("objectSid")[0]


def held(samba: Samba, admin: Session, dn: str) -> list[Right]:
    """What an object's own list says of the service account, read in the database: over LDAP nobody sees all lists."""
    (database,) = samba.directory.rglob("sam.ldb")
    command = ["ldbsearch", f"--configfile={samba.configuration}", "-H", str(database), "--show-deleted"]
    command += ["-s", "base", "-b", dn, "nTSecurityDescriptor"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("\n ", "")
    numbers = struct.unpack("<5I", sid_of_the_account(admin)[8:])
    sid = f"S-1-5-{'-'.join(map(str, numbers))}"
    entries = re.findall(rf"\((O?[AD]);(\w*);(\w*);([\w-]*);([\w-]*);{sid}\)", shown)
    assert {kind for kind, *_ in entries} <= {"A", "OA"}
    return [
        Right(dn, flags, pairs(letters), of, below) for _, flags, letters, of, below in entries if "ID" not in flags
    ]


def test_the_service_account_of_the_sandbox_has_the_rights_of_the_page_and_no_others(
    samba: Samba, admin: Session
) -> None:
    places = (USERS, GROUPS, DISABLED, BASE, f"CN=Deleted Objects,{BASE}", f"OU=Services,{BASE}")
    standing = [each for dn in places for each in held(samba, admin, dn)]
    assert sorted(standing) == sorted(documented("users", "passwords", "groups", "dirsync", "deleted"))


def test_the_service_account_is_in_no_group_that_gives_it_more(admin: Session) -> None:
    account = admin.read(SERVICE_ACCOUNT, ["memberOf", "primaryGroupID", "adminCount"])
    assert account is not None
    assert (account.values("memberOf"), account.values("primaryGroupID")) == ([], ["513"])
    assert account.values("adminCount") == []


async def test_the_rights_of_the_page_pass_verify(opened: Opening) -> None:
    verification = await opened(inactive_base=DISABLED, strip_groups=True).verify()
    assert [check for check in verification.checks if not check.ok] == []


async def test_the_line_for_imports_by_dirsync_is_enough_for_them(opened: Opening) -> None:
    page = await anext(aiter(opened(import_by="dirsync").changes(None, Reading())))
    assert page.starts


async def test_the_line_for_units_is_what_creating_them_needs(samba: Samba, admin: Session, opened: Opening) -> None:
    unit = f"OU={word()},{USERS}"
    admin.add(unit, ["organizationalUnit"], {}, "objectGUID")
    connector = opened(user_base=unit, user_placement="OU={department}", create_units=True)
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, person(word(), department=word()), active=True)
    assert caught.value.code == "ad.unitRefused"
    (line,) = documented("units")
    assert (line.flags, line.letters) == ("CI", ("CC",))
    sid = sid_of_the_account(admin)
    entry = struct.pack("<BBHII", 0x05, 0x2, 28 + len(sid), 0x1, 0x1) + UUID(line.of).bytes_le + sid
    found = admin.read(unit, ["nTSecurityDescriptor"], controls=[SECURITY])
    assert found is not None
    given = with_entry(found.octets("nTSecurityDescriptor")[0], entry)
    admin.modify(unit, {"nTSecurityDescriptor": [(MODIFY_REPLACE, [given])]}, [SECURITY])
    department = word()
    account = await connector.create(USER, person(word(), department=department), active=True)
    assert account.name.endswith(f",OU={department},{unit}")


def with_entry(content: bytes, entry: bytes) -> bytes:
    """A list with one entry more, behind all others: a descriptor of nothing but it (MS-DTYP 2.4.6)."""
    (start,) = struct.unpack_from("<I", content, 16)
    revision, _, size, count = struct.unpack_from("<BBHH", content, start)
    entries = content[start + 8 : start + size] + entry
    (control,) = struct.unpack_from("<H", content, 2)
    head = struct.pack("<BBHIIII", 1, 0, control, 0, 0, 0, 20)
    return head + struct.pack("<BBHHH", revision, 0, 8 + len(entries), count + 1, 0) + entries
