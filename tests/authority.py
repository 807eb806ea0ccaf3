"""A certificate authority for tests, and the TLS of servers that show what it signed."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = ("127.0.0.1", "localhost")


class Authority:
    """Signs certificates; `file` has its own, as CA_BUNDLE wants it."""

    def __init__(self, folder: Path, name: str = "Our authority") -> None:
        self.folder = folder
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        ca = x509.BasicConstraints(ca=True, path_length=0)
        made = self._built(self._subject, self._key, days=30).add_extension(ca, critical=True)
        self.file.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def tls(self, names: tuple[str, ...] = HERE, days: int = 30) -> ssl.SSLContext:
        """For a server with a certificate for these names and addresses that ends in so many days, or ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        named = x509.SubjectAlternativeName([_general(name) for name in names])
        made = self._built(subject, key, days).add_extension(named, critical=False)
        file = self.folder / f"{key.private_numbers().private_value:x}.pem"
        file.write_bytes(_pem(made.sign(self._key, hashes.SHA256())) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _built(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=90))
            .not_valid_after(now + timedelta(days=days))
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
