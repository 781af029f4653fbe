"""From entries to accounts: many at once, so that what they point at is looked up once."""

from collections.abc import Iterable, Sequence

from connectors.contract import Account, ObjectKind, Value
from connectors.ldap.directory import USER, Directory
from connectors.ldap_client.session import Entry
from connectors.ldap_client.values import HIDDEN, value_of


def account_of(directory: Directory, kind: ObjectKind, entry: Entry) -> Account:
    """Return the account that an entry is."""
    return accounts_of(directory, kind, [entry])[0]


def accounts_of(directory: Directory, kind: ObjectKind, entries: Sequence[Entry]) -> list[Account]:
    """Return the accounts that entries are, in their order. Attributes that hold dead DNs are left out."""
    texts, pointing = _kinds_of_attributes(directory, entries)
    dns = (dn for entry in entries for name in pointing for dn in entry.values(name))
    references = directory.references_of(dns) if pointing else {}
    accounts: list[Account] = []
    for entry in entries:
        attributes: dict[str, Value] = {}
        for name in entry.attributes:
            if name in texts:
                if values := entry.values(name):
                    attributes[name] = value_of(values)
            elif name in pointing:
                found = [references[dn] for dn in entry.values(name) if dn in references]
                if found:
                    attributes[name] = found[0]
        active = directory.switch.is_active(entry) if kind is USER else None
        accounts.append(Account(kind, directory.id_of(entry), entry.dn, attributes, active))
    return accounts


def _kinds_of_attributes(directory: Directory, entries: Iterable[Entry]) -> tuple[set[str], set[str]]:
    """Return which of the attributes of entries hold texts, and which point at accounts; others are no part of them."""
    identifier, stamp = directory.settings.id_attribute.lower(), "modifytimestamp"
    references = {name.lower() for name in directory.settings.reference_attributes}
    texts, pointing = set[str](), set[str]()
    for name in {name for entry in entries for name in entry.attributes}:
        if ";" in name or name.lower() in HIDDEN or name.lower() in (identifier, stamp):
            continue
        if name.lower() in references:
            pointing.add(name)
        elif not directory.schema.is_dn(name):
            texts.add(name)
    return texts, pointing
