"""What the domain of the sandbox holds at first. Samba's own Python runs this file as a program, once per template.

``python3 samba_domain.py SMB_CONF`` with the passwords of ``ACCOUNTS`` by name, as JSON, on standard
input. It imports nothing of the project: the interpreter is the one of Debian's packages.
"""

import json
import sys
from pathlib import Path
from typing import Any

UNITS = ("People", "Groups", "Disabled", "Services")
ACCOUNTS = ("Administrator", "lockstep", "lockstep-reader")

# Classes and rights by their GUID, as access control entries name them (MS-ADTS 5.1.3.2.1).
_USER, _GROUP = "bf967aba-0de6-11d0-a285-00aa003049e2", "bf967a9c-0de6-11d0-a285-00aa003049e2"
_RESET = "00299570-246d-11d0-a768-00aa006e0529"
_GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
_REANIMATE = "45ec5156-db7e-47bb-b53f-dbeb2d03c40f"


_DELEGATED = {"People": _USER, "Groups": _GROUP, "Disabled": _USER}


def rights_below_a_unit(kind: str, sid: str) -> str:
    """Return the entries for one organizational unit: create and delete, then all of the objects but their rights.

    These are the lines of ``docs/active-directory.md``, and a test holds them to it.
    """
    reset = f"(OA;CIIO;CR;{_RESET};{_USER};{sid})" if kind == _USER else ""
    return f"(OA;CI;CCDC;{kind};;{sid})(OA;CIIO;RPWPLCLOSDRC;;{kind};{sid}){reset}"


def fill(smb_conf: Path, passwords: dict[str, str]) -> None:
    """Make units, accounts, rights and password policy in the database that ``smb_conf`` names."""
    from samba import param, samdb, sd_utils  # type: ignore[import-not-found]
    from samba.auth import system_session  # type: ignore[import-not-found]

    loaded = param.LoadParm()
    loaded.load(str(smb_conf))
    directory: Any = samdb.SamDB(session_info=system_session(), lp=loaded)
    base = directory.domain_dn()
    _policy(directory)
    for name in UNITS:
        directory.create_ou(f"OU={name},{base}")
    directory.setpassword("(sAMAccountName=Administrator)", passwords["Administrator"])
    sids = {}
    for name in ACCOUNTS[1:]:
        directory.newuser(name, passwords[name], userou="OU=Services")
        found = directory.search(base, expression=f"(sAMAccountName={name})", attrs=["objectSid"])
        sids[name] = directory.schema_format_value("objectSid", found[0]["objectSid"][0]).decode()
    for name in ACCOUNTS:
        directory.setexpiry(f"(sAMAccountName={name})", 0, no_expiry_req=True)
    rights, sid = sd_utils.SDUtils(directory), sids["lockstep"]
    for name, kind in _DELEGATED.items():
        rights.dacl_add_ace(f"OU={name},{base}", rights_below_a_unit(kind, sid))
    rights.dacl_add_ace(base, f"(OA;;CR;{_GET_CHANGES};;{sid})(OA;;CR;{_REANIMATE};;{sid})")
    # The container of deleted objects counts as deleted itself.
    rights.dacl_add_ace(f"CN=Deleted Objects,{base}", f"(A;CI;LCRPLO;;;{sid})")


def _policy(directory: Any) -> None:
    """Passwords of eight characters that may be changed at once; complexity stays on."""
    directory.set_minPwdAge("0")
    directory.set_minPwdLength("8")


if __name__ == "__main__":
    fill(Path(sys.argv[1]), json.load(sys.stdin))
