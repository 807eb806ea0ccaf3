"""TLS: own CAs, and words for what is wrong with a certificate."""

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.http import trust
from fleet.engines.errors import Cause, Unreachable
from fleet.engines.http.client import Client
from fleet.engines.probe import probe
from tests.authority import Authority
from tests.hostile_server import HostileServer, answer

from .expect import fails


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """A function (alternative name, last day as YYMMDD) -> file with a self-signed certificate and key."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command")
    made: dict[tuple[str, str], Path] = {}

    def make(name: str, until: str = "491231") -> Path:
        if (name, until) not in made:
            made[name, until] = _make_certificate(tmp_path_factory.mktemp("tls"), name, until)
        return made[name, until]

    return make


@pytest.fixture
def believe() -> Iterator[Callable[[Path | str], str]]:
    """Has the authorities of a file believed until the test is over."""
    before = trust.configure("")
    yield lambda file: trust.configure(str(file))
    trust.configure(before)


def _make_certificate(folder: Path, name: str, until: str) -> Path:
    (folder / "index.txt").touch()
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
        f"policy=p\nx509_extensions=e\n[p]\ncommonName=optional\n[e]\nsubjectAltName={name}\n"
        "[req]\ndistinguished_name=d\n[d]\n"
    )
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -subj /CN=test -out csr.pem"
    sign = "-selfsign -batch -keyfile key.pem -in csr.pem -out cert.pem -notext"
    dates = f"-startdate 200101000000Z -enddate {until}000000Z"
    for command in (f"req -new -config ca.cnf {key}", f"ca -config ca.cnf {sign} {dates}"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def _tls_server(certificate: Path) -> HostileServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return HostileServer(tls=context)


def test_tls_with_an_own_ca_and_without_checks(certificate: Callable[..., Path], believe: Callable[..., str]) -> None:
    file = certificate("IP:127.0.0.1")
    with _tls_server(file) as server:
        for bundle, verify in ((file, True), ("", False)):
            believe(bundle)
            with Client(server.url, verify=verify) as client:
                assert client.get("/").status == 404
            assert client.exchanges[0].tls_ms is not None
            ends = datetime(2049, 12, 31, tzinfo=UTC).timestamp()
            assert client.certificate_until == (ends if verify else None)  # where any will do, its end is no trouble


@pytest.mark.parametrize(
    ("name", "until", "trusted", "word"),
    [
        ("IP:127.0.0.1", "491231", False, "self-signed"),
        ("IP:127.0.0.1", "200601", True, "expired"),
        ("IP:127.0.0.2", "491231", True, "another IP address"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    certificate: Callable[..., Path],
    believe: Callable[..., str],
    name: str,
    until: str,
    trusted: bool,
    word: str,
) -> None:
    file = certificate(name, until)
    believe(file if trusted else "")
    with _tls_server(file) as server, Client(server.url) as client:
        with fails(Unreachable, Cause.TLS_FAILED, word):
            client.get("/")
        assert not client.connected


def test_a_certificate_for_another_name(certificate: Callable[..., Path], believe: Callable[..., str]) -> None:
    file = certificate("DNS:other.test")
    believe(file)
    with _tls_server(file) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        with (
            Client(url) as client,
            fails(Unreachable, Cause.TLS_FAILED, "another host name"),
        ):
            client.get("/")


def test_https_to_a_server_without_tls() -> None:
    with HostileServer(greeting=answer(400, b"Bad Request")) as server:
        url = server.url.replace("http:", "https:")
        with Client(url) as client, fails(Unreachable, Cause.TLS_FAILED, "Try http://"):
            client.get("/")


def test_a_missing_ca_file_is_said(believe: Callable[..., str]) -> None:
    missing = "/no/such/ca.pem"
    believe(missing)
    with (
        Client("https://127.0.0.1:9") as client,
        fails(Unreachable, Cause.TLS_FAILED, missing),
    ):
        client.get("/")


def test_a_probe_shows_when_the_certificate_ends_and_that_plain_http_has_none(
    certificate: Callable[..., Path], believe: Callable[..., str]
) -> None:
    file = certificate("IP:127.0.0.1")
    believe(file)
    with _tls_server(file) as server:
        assert probe(server.url).certificate_until == datetime(2049, 12, 31, tzinfo=UTC).timestamp()
    with HostileServer() as server:
        assert probe(server.url).certificate_until is None


def test_a_certificate_that_never_ends_has_no_end(tmp_path: Path, believe: Callable[..., str]) -> None:
    authority = Authority(tmp_path)
    believe(authority.file)
    context = authority.tls(days=(datetime(9999, 12, 31, tzinfo=UTC) - datetime.now(UTC)).days)
    with HostileServer(tls=context) as server:
        assert probe(server.url).certificate_until is None, "no time zone east of UTC has that day"
