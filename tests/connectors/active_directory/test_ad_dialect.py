"""What domain controllers of Windows answer, which Samba does not: their texts, and what they mean."""

import pytest

from connectors.active_directory.dialect import bind_refusal, error_of
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap_client.results import Operation, Result

DN = "CN=Jane,OU=People,DC=corp,DC=example,DC=test"
NO_OBJECT = "0000208D: NameErr: DSID-0310028D, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'OU=People'\n"


def answer(operation: Operation, code: int, description: str, diagnostic: str) -> ConnectorError:
    return error_of(Result(operation, DN, code, description, diagnostic, ("sn", "mail"), ("Secretly",)))


@pytest.mark.parametrize(
    ("operation", "code", "diagnostic", "kind", "told"),
    [
        (
            Operation.MODIFY,
            19,
            "0000052D: Constraint violation - check_password_restrictions: the password is too short.",
            Rejected,
            "ad.passwordPolicy",
        ),
        (
            Operation.MODIFY,
            53,
            "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            Rejected,
            "ad.passwordPolicy",
        ),
        (
            Operation.MODIFY,
            53,
            "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            Rejected,
            "ad.passwordChannel",
        ),
        (
            Operation.ADD,
            68,
            "00000524: UpdErr: DSID-031A11C8, problem 6005 (ENTRY_EXISTS), data 0\n",
            AlreadyExists,
            "ad.accountNameTaken",
        ),
        (
            Operation.ADD,
            68,
            "00002071: UpdErr: DSID-0305038D, problem 6005 (ENTRY_EXISTS), data 0\n",
            AlreadyExists,
            "ad.nameTaken",
        ),
        (
            Operation.MODIFY,
            19,
            "000021C8: AtrErr: DSID-03200BBA, #1:\n\t0: 000021C8: DSID-03200BBA, problem 1005 (CONSTRAINT_ATT_TYPE), "
            "data 0, Att 90290 (userPrincipalName)\n",
            AlreadyExists,
            "ad.principalNameTaken",
        ),
        (
            Operation.MODIFY,
            50,
            "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
            Rejected,
            "ad.insufficientRights",
        ),
        (
            Operation.ADD,
            50,
            "00000005: SecErr: DSID-03152E29, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
            Misconfigured,
            "ad.insufficientRights",
        ),
        (
            Operation.MODIFY,
            19,
            "000020B5: AtrErr: DSID-0315286F, #1:\n\t0: 000020B5: DSID-0315286F, problem 1005 (CONSTRAINT_ATT_TYPE), "
            "data 0, Att a (manager)\n",
            Rejected,
            "ad.referenceMissing",
        ),
        (Operation.ADD, 32, NO_OBJECT, Misconfigured, "ad.placeMissing"),
        (Operation.MODIFY, 32, NO_OBJECT, NotFound, "ad.noSuchObject"),
        (Operation.SEARCH, 32, NO_OBJECT, Misconfigured, "ldap.noSuchObject"),
        (
            Operation.MODIFY,
            10,
            "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: 'dc2.corp.example.test'\n",
            Misconfigured,
            "ad.readOnlyController",
        ),
        (
            Operation.SEARCH,
            10,
            "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: 'other.example.test'\n",
            Misconfigured,
            "ad.otherDomain",
        ),
        (
            Operation.ADD,
            53,
            "00002010: SvcErr: DSID-020A0F2B, problem 5012 (DIR_ERROR), data 0\n",
            Unavailable,
            "ad.noIdentifiers",
        ),
        (
            Operation.MODIFY,
            11,
            "00002024: SvcErr: DSID-02050ACD, problem 5008 (ADMIN_LIMIT_EXCEEDED), data -1026\n",
            Rejected,
            "ad.tooManyValues",
        ),
        (
            Operation.MODIFY,
            53,
            "00000529: SvcErr: DSID-031A1248, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            Rejected,
            "ad.notMember",
        ),
        (
            Operation.MODIFY,
            51,
            "0000200E: SvcErr: DSID-02080490, problem 5001 (BUSY), data 0\n",
            Unavailable,
            "ad.busy",
        ),
        (
            Operation.DELETE,
            66,
            "00002015: UpdErr: DSID-031A11BA, problem 6003 (CANT_ON_NON_LEAF), data 0\n",
            Rejected,
            "ad.notEmpty",
        ),
        (Operation.MODIFY, 19, "no code at all", Rejected, "ldap.constraintViolation"),
    ],
)
def test_an_answer_is_put_into_words(
    operation: Operation, code: int, diagnostic: str, kind: type[ConnectorError], told: str
) -> None:
    descriptions = {19: "constraintViolation", 32: "noSuchObject"}
    error = answer(operation, code, descriptions.get(code, "x"), diagnostic)
    assert (type(error), error.code) == (kind, told)
    assert str(error).startswith("The") or "no object" in str(error) or "no place" in str(error)


@pytest.mark.parametrize(
    ("diagnostic", "attribute"),
    [
        (
            "00002082: AtrErr: DSID-03151E40, #1:\n\t0: 00002082: DSID-03151E40, problem 1005 (CONSTRAINT_ATT_TYPE), "
            "data 0, Att 4 (sn):len 140\n",
            "sn",
        ),
        ("0000200B: objectclass_attrs: attribute 'mail' on entry 'x' contains at least one invalid value!", "mail"),
    ],
)
def test_the_attribute_that_is_meant_is_named(diagnostic: str, attribute: str) -> None:
    error = answer(Operation.MODIFY, 19, "constraintViolation", diagnostic)
    assert isinstance(error, Rejected)
    assert error.attribute == attribute
    assert f"(attribute {attribute})" in str(error)


def test_one_account_that_went_to_another_domain_does_not_stop_the_connection() -> None:
    referral = "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: 'other.example.test'\n"
    dn = "<GUID=0a3ac6b1-5ab4-4b1f-9c2e-1d8b8a1b6f50>"
    error = error_of(Result(Operation.SEARCH, dn, 10, "referral", referral))
    assert (type(error), error.code) == (Rejected, "ad.movedToOtherDomain")


def test_no_value_shows_in_an_answer() -> None:
    error = answer(Operation.MODIFY, 19, "constraintViolation", "00002082: value Secretly is too long")
    assert "Secretly" not in str(error)


@pytest.mark.parametrize(
    ("data", "code", "fix"),
    [
        ("525", "ad.bindUserUnknown", "again"),
        ("52e", "ad.bindCredentials", "again"),
        ("530", "ad.bindHours", "Logon Hours"),
        ("531", "ad.bindWorkstation", "Log On To"),
        ("532", "ad.bindPasswordExpired", "never expire"),
        ("533", "ad.bindDisabled", "Enable"),
        ("701", "ad.bindAccountExpired", "Never"),
        ("773", "ad.bindMustChange", "must change"),
        ("775", "ad.bindLocked", "Unlock"),
    ],
)
def test_a_refused_bind_says_why(data: str, code: str, fix: str) -> None:
    diagnostic = f"80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {data}, v4563"
    error = bind_refusal("lockstep@corp.example.test", "invalidCredentials", diagnostic)
    assert (type(error), error.code) == (Misconfigured, code)
    assert "lockstep@corp.example.test" in str(error)
    assert fix in error.fix


def test_a_refused_bind_without_a_reason_is_told_as_any_server_s() -> None:
    error = bind_refusal(
        "lockstep@corp.example.test", "strongerAuthRequired", "BindSimple: Transport encryption required."
    )
    assert "LDAPS" in error.fix
