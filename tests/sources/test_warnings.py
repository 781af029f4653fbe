"""What is told of credentials and calls: last use, what expires, what was refused - and never a credential."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning.sources.errors import Reason
from provisioning.sources.source import CredentialKind, Warned
from provisioning.sources.sources import Sources
from provisioning.sources.tally import RefusedCalls, Tally
from provisioning.storage.store import Storage
from tests.sources.conftest import Entra, Time, TokenClient, federated, reason, source_of, trusting
from tests.sources.test_entra_tokens import PROVISIONING
from tests.sources.test_federation import FEDERATION


async def test_last_use_is_kept_to_an_hour_with_one_write(sources: Sources, time: Time) -> None:
    _, text = await sources.issue("entra")
    assert (await sources.get("entra")).tokens[0].used is None
    first = time.now()
    for minutes in (0, 20, 39):
        time.forward(timedelta(minutes=minutes))
        await source_of(sources, text)
        await sources.close()
        assert (await sources.get("entra")).tokens[0].used == first
    time.forward(timedelta(minutes=1))
    await source_of(sources, text)
    await sources.close()
    assert (await sources.get("entra")).tokens[0].used == time.now()


async def test_a_secret_is_used_when_it_gets_an_access_token(sources: Sources, tokens: TokenClient, time: Time) -> None:
    _, secret = await sources.issue_secret("entra")
    await tokens.with_secret("entra", secret)
    await sources.close()
    assert (await sources.get("entra")).secrets[0].used == time.now()


async def test_a_token_revoked_before_its_use_is_written_stays_revoked(sources: Sources) -> None:
    token, text = await sources.issue("entra")
    await source_of(sources, text)
    await sources.revoke("entra", token.id)
    await sources.close()
    assert (await sources.get("entra")).tokens == ()


async def test_what_cannot_be_written_harms_nobody(
    azurite_connection: str, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Storage.from_connection_string(azurite_connection, prefix="never")
    tally = Tally(nowhere.table("sources"), time.now)
    tally.used("0" * 64, None)
    tally.refused(Reason.UNKNOWN)
    await tally.close()
    assert "was not written" in caplog.text
    await nowhere.close()


async def test_credentials_of_enabled_sources_are_warned_of_from_thirty_days_before_their_end(
    sources: Sources, time: Time
) -> None:
    token, _ = await sources.issue("entra", expires=time.now() + timedelta(days=31))
    secret, _ = await sources.issue_secret("entra", expires=time.now() + timedelta(days=40))
    await sources.issue("entra")
    assert await sources.expiring() == ((), ())
    time.forward(timedelta(days=1))
    assert token.expires is not None
    warned = Warned("entra", CredentialKind.TOKEN, token.id, token.expires)
    assert await sources.expiring() == ((warned,), ())
    time.forward(timedelta(days=30))
    soon, gone = await sources.expiring()
    assert [each.id for each in soon] == [secret.id]
    assert gone == (warned,)
    await sources.enable("entra", enabled=False)
    assert await sources.expiring() == ((), ())


async def test_refused_calls_of_the_last_hour_are_counted_over_all_instances(
    sources: Sources, storage: Storage, time: Time
) -> None:
    await reason(sources, "made-up")
    await sources.close()
    time.forward(timedelta(minutes=61))
    other = Sources(storage, now=time.now, clock=time.clock)
    _, text = await sources.issue("entra", expires=time.now() + timedelta(minutes=1))
    time.forward(timedelta(minutes=2))
    for _ in range(2):
        await reason(other, text)
    await other.close()
    await reason(sources, "made-up")
    assert await sources.refused_calls() == (
        RefusedCalls(Reason.EXPIRED, "entra", 2),
        RefusedCalls(Reason.UNKNOWN, "", 1),
    )


async def test_counts_older_than_an_hour_are_tidied_away(sources: Sources, storage: Storage, time: Time) -> None:
    await reason(sources, "made-up")
    await sources.close()
    time.forward(timedelta(minutes=61))
    await reason(sources, "made-up")
    await sources.close()
    await sources.tidy()
    assert len(await storage.table("sources").query("sources", "f:", "f;")) == 1


async def test_no_credential_is_in_a_row_a_log_record_or_an_answer(
    sources: Sources,
    tokens: TokenClient,
    entra: Entra,
    time: Time,
    storage: Storage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await sources.change("entra", lambda source: federated(FEDERATION)(trusting(PROVISIONING)(source)))
    _, token = await sources.issue("entra")
    _, secret = await sources.issue_secret("entra")
    jwt, assertion = entra.sign(entra.claims(time.now())), entra.assertion(time.now())
    forged, late = jwt[:-8] + "AAAAAAAA", entra.assertion(time.now(), exp=1)
    issued = [
        await tokens.with_secret("entra", secret),
        await tokens.post({"grant_type": "client_credentials"}, basic=("entra", secret)),
        await tokens.with_assertion(assertion),
    ]
    accesses = [answer.body.pop("access_token") for answer in issued]
    for good in (token, jwt, *accesses):
        assert await source_of(sources, good) == "entra"
    refused = [
        await tokens.with_assertion(late),
        await tokens.with_assertion(jwt),
        await tokens.with_secret("other", secret),
        await tokens.with_secret("entra", token),
        await tokens.with_secret(secret, secret, scope=secret),
        await tokens.with_secret("entra", secret, scope=secret),
        await tokens.post({"grant_type": secret}),
        await tokens.post({"client_secret": secret}, basic=("entra", token)),
    ]
    for bad in (forged, secret, assertion, "lsa_made-up"):
        assert await reason(sources, bad) is not None
    time.forward(timedelta(days=400))
    for bad in (jwt, *accesses):
        assert await reason(sources, bad) is Reason.EXPIRED
    await sources.close()
    rows = await storage.table("sources").query("sources", "", "~")
    told = repr(rows) + caplog.text + repr([(each.body, each.headers) for each in (*issued, *refused)])
    told += repr(await sources.list()) + repr(await sources.refused_calls()) + repr(vars(sources))
    for text in (token, secret, jwt, assertion, forged, late, "lsa_made-up", *accesses):
        assert text not in told
        assert text.rpartition(".")[2] not in told, "nor the signature alone"
    assert len(rows) > 6
    assert '"reason": "client"' in caplog.text


async def test_an_access_rule_is_not_lost_when_a_source_is_disabled(sources: Sources) -> None:
    await sources.change("entra", lambda source: replace(trusting(PROVISIONING)(source), name="Renamed"))
    disabled = await sources.enable("entra", enabled=False)
    assert (disabled.entra, disabled.name, disabled.enabled) == ((PROVISIONING,), "Renamed", False)
