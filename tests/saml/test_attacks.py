"""Attacks on the parsers and on xmlsec: nothing is opened, nothing runs; controls show that it otherwise would."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from lxml import etree

from app.rules.identity import Rejection
from app.rules.identity_providers import Provider
from saml.gate import Admitted
from saml.kind import SamlKind
from saml.library import judge
from saml.rejections import Name, in_words_of, reject
from saml.settings import ServiceProvider, library_settings
from tests.saml.cases import ASSERTION, CASES
from tests.saml.forge import (
    ASSERTION_SIGNED,
    BASE_URL,
    BOTH_SIGNED,
    CONNECTION,
    Edit,
    Element,
    Encryption,
    Internet,
    Recipe,
    StoppedClock,
    World,
    add,
    attr,
    both,
    drop,
    element,
    every,
    one,
    response,
    sign,
)


def every_child(path: str, xml: str) -> Edit:
    """One of these inside every element there."""

    def edit(root: Element) -> None:
        for parent in every(root, path):
            parent.append(element(xml))

    return edit


class Tripwire:
    """A named pipe that tells whether anything, C code included, opened it for reading."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._writer = threading.Thread(target=path.write_bytes, args=[b"secret"])
        self._writer.start()

    def opened(self) -> bool:
        """Whether a reader came; the pipe is done with afterwards."""
        # A writer whose reader came needs a moment to notice; one without a reader waits for ever.
        self._writer.join(timeout=0.1)
        came = not self._writer.is_alive()
        if not came:
            self._path.read_bytes()
            self._writer.join()
        return came


@pytest.fixture
def tripwire(tmp_path: Path) -> Tripwire:
    return Tripwire(tmp_path / "secret")


@pytest.mark.parametrize("spelling", ["{}", "file://{}", "file:{}"])
def test_file_in_a_reference_is_not_opened(tmp_path: Path, tripwire: Tripwire, spelling: str) -> None:
    target = attr("//ds:Reference", "URI", spelling.format(tmp_path / "secret"))
    verdict = World().judge(Recipe(after=target).post())
    assert not tripwire.opened()
    assert isinstance(verdict, Rejection)
    assert verdict.name == "signature_reference"


@pytest.mark.parametrize("spelling", ["{}", "file://{}"])
def test_file_in_a_retrieval_method_is_not_opened(tmp_path: Path, tripwire: Tripwire, spelling: str) -> None:
    method = f'<ds:RetrievalMethod URI="{spelling.format(tmp_path / "secret")}"/>'
    verdict = World().judge(Recipe(after=add("//ds:KeyInfo", method, at=0)).post())
    assert not tripwire.opened()
    assert isinstance(verdict, Rejection)
    assert verdict.name == "signature_shape"


def test_file_in_a_doctype_is_not_opened(tmp_path: Path, tripwire: Tripwire) -> None:
    doctype = f'<!DOCTYPE x SYSTEM "{tmp_path / "secret"}">'.encode()
    verdict = World().judge(Recipe(raw=lambda xml: doctype + xml).post())
    assert not tripwire.opened()
    assert isinstance(verdict, Rejection)
    assert verdict.name == "doctype_present"


def second_reference(path: Path) -> Edit:
    """python3-saml compares the first Reference only; xmlsec reads them all."""
    return add(
        "//ds:SignedInfo",
        f"""<ds:Reference URI="{path}"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>""",
    )


def past_the_gate(after: Edit) -> frozenset[int] | Rejection:
    """What python3-saml says when nothing stands in front of it."""
    root = response()
    sign(root, ASSERTION_SIGNED)
    after(root)
    tree = etree.fromstring(etree.tostring(root))
    here = ServiceProvider(BASE_URL, CONNECTION)
    settings = library_settings(World().revision().settings["idp"], here)
    admitted = Admitted(tree, one(tree, ASSERTION), response_is_signed=False)
    return judge(admitted, settings=settings, service_provider=here)


def test_file_in_a_second_reference_is_not_opened(tmp_path: Path, tripwire: Tripwire) -> None:
    verdict = World().judge(Recipe(after=second_reference(tmp_path / "secret")).post())
    assert not tripwire.opened()
    assert isinstance(verdict, Rejection)
    assert verdict.name == "signature_shape"


def test_file_is_not_opened_even_past_the_gate_once_a_kind_exists(tmp_path: Path, tripwire: Tripwire) -> None:
    SamlKind(base_url=BASE_URL, http=Internet({}), clock=StoppedClock())
    refused = past_the_gate(second_reference(tmp_path / "secret"))
    assert not tripwire.opened()
    assert isinstance(refused, Rejection)
    assert refused.name == "signature_invalid"


def test_file_is_opened_past_the_gate_without_a_kind(tmp_path: Path, tripwire: Tripwire) -> None:
    """The control: the attack is real and the tripwire notices it. In a process of its own, as a kind is for ever."""
    attack = (
        "import sys; from pathlib import Path; from tests.saml.test_attacks import past_the_gate, second_reference;"
        "past_the_gate(second_reference(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", attack, str(tmp_path / "secret")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=60, stderr=subprocess.DEVNULL)
    assert tripwire.opened()


def test_nothing_of_what_is_decrypted_is_written_down(capfd: pytest.CaptureFixture[str]) -> None:
    """libxml2, asked by xmlsec to parse what it decrypts, writes what it cannot parse to the error log."""
    for plain in (b"secret", b"<saml:Assertion>secret", b"secret & <!-- secret", b"\xffsecret"):
        verdict = World().judge(Recipe(encryption=Encryption(inside=lambda _, plain=plain: plain)).post())  # type: ignore[misc]  # a default is how a loop binds
        assert isinstance(verdict, Rejection)
        assert verdict == in_words_of(Provider.OTHER, reject(Name.DECRYPTION_FAILED))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_all_that_goes_wrong_with_decryption_is_told_alike() -> None:
    told = {case.mutated() for case in CASES if case.name == "decryption_failed"}
    assert len(told) == 1


@pytest.mark.parametrize("spelling", ["{}", "file://{}"])
def test_file_that_an_encrypted_assertion_refers_to_is_not_opened(
    tmp_path: Path, tripwire: Tripwire, spelling: str
) -> None:
    uri = spelling.format(tmp_path / "secret")
    for change in (
        both(drop("//e:CipherValue"), every_child("//e:CipherData", f'<e:CipherReference URI="{uri}"/>')),
        attr("//ds:RetrievalMethod", "URI", uri),
    ):
        recipe = Recipe(BOTH_SIGNED, encryption=Encryption(beside=True), after=change)
        verdict = World().judge(recipe.post())
        assert isinstance(verdict, Rejection)
    assert not tripwire.opened()
