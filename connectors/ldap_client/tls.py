"""TLS to the directory: verified by Python itself, and failures told in words that an administrator can act on."""

import ssl
from pathlib import Path

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.ldap_client.library import Connection, Tls
from connectors.ldap_client.settings import ServerSettings

_HOST_MISMATCH, _IP_MISMATCH, _EXPIRED, _NOT_YET_VALID = 62, 64, 10, 9
_UNTRUSTED = {2, 18, 19, 20, 21}
# OpenSSL's strict checks of certificates (X509_V_FLAG_X509_STRICT), which Python asks for since 3.13.
_STRICT = range(80, 96)


def client_context(settings: ServerSettings) -> ssl.SSLContext:
    """Return the context that trusts the given CA, or the system's where none is given. Raises ``Misconfigured``."""
    try:
        if settings.ca_file and not Path(settings.ca_file).is_file():
            raise Misconfigured(
                f"The CA certificate file {settings.ca_file} is not there.",
                code="ldap.caFileMissing",
                fix="Enter a path that the hub can read, or the certificate itself under 'CA certificate (PEM)'.",
            )
        context = ssl.create_default_context(cafile=settings.ca_file or None, cadata=settings.ca_pem or None)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise Misconfigured(
            "The CA certificate cannot be read.",
            code="ldap.caUnreadable",
            fix="Give the authority's certificate in PEM form: -----BEGIN CERTIFICATE----- and so on.",
        ) from error
    if settings.legacy_ca:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class VerifiedTls(Tls):
    """ldap3's TLS with Python's own verification: host names and addresses, and the reason of a failure is kept.

    ldap3 2.9.1 compares names itself, ignores IP addresses in certificates and turns the reason into a text.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.context = context
        self.host = host
        self.failure: OSError | None = None

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Shake hands and verify."""
        try:
            connection.socket = self.context.wrap_socket(connection.socket, server_hostname=self.host)
        except OSError as error:
            self.failure = error
            raise


def tls_error(failure: OSError, host: str, port: int) -> ConnectorError:
    """Return what a failed handshake means."""
    where = f"{host}:{port}"
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _certificate_error(failure, host, where)
    if isinstance(failure, ssl.SSLError) and not isinstance(failure, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Misconfigured(
            f"{where} does not speak TLS as expected ({failure.reason or 'handshake failed'}).",
            code="ldap.tlsHandshake",
            fix="Check port and security: LDAPS is usually on 636, StartTLS on 389. TLS 1.2 is the least.",
        )
    return Unavailable(
        f"{where} broke off the TLS handshake.",
        code="ldap.tlsInterrupted",
        fix="If it persists: check port and security; LDAPS is usually on 636, StartTLS on 389.",
    )


def _certificate_error(failure: ssl.SSLCertVerificationError, host: str, where: str) -> Misconfigured:
    code = failure.verify_code
    if code in (_HOST_MISMATCH, _IP_MISMATCH):
        return Misconfigured(
            f"The certificate of {where} is not for the name {host}.",
            code="ldap.tlsHostMismatch",
            fix="Enter the host as the certificate names it (its subject alternative names), or have a certificate "
            "issued for this name.",
        )
    if code in (_EXPIRED, _NOT_YET_VALID):
        return Misconfigured(
            f"The certificate of {where} or of its authority is {'expired' if code == _EXPIRED else 'not yet valid'}.",
            code="ldap.tlsExpired",
            fix="Renew the certificate on the server, and check the clocks.",
        )
    if code in _UNTRUSTED:
        return Misconfigured(
            f"The certificate of {where} was issued by an authority that is not trusted.",
            code="ldap.tlsUnknownCa",
            fix="Enter the certificate of the authority that issued the server's under 'CA certificate (PEM)' of the "
            "connection: the root's, not the server's own.",
        )
    if code in _STRICT:
        return Misconfigured(
            f"The certificates of {where} are not as RFC 5280 demands: {failure.verify_message}.",
            code="ldap.tlsNotStrict",
            fix="Turn on 'Accept a CA without key usage' in the connection: everything else is still verified. Better, "
            "have the authority's certificate issued anew with the key usages keyCertSign and cRLSign, and the "
            "server's with an authority key identifier.",
        )
    return Misconfigured(
        f"The certificate of {where} is not valid: {failure.verify_message}.",
        code="ldap.tlsCertificate",
        fix="Replace the certificate on the server, or correct the CA certificate of the connection.",
    )
