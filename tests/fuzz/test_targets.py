"""Every target on its seeds and on inputs made from them: the same inputs in every run.

`make fuzz` goes on from there with atheris, which finds its way by coverage.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import pytest
from cryptography import x509

from exchange_protocol.errors import ExchangeError
from exchange_protocol.trust.certificates import parse_certificate
from tests.fuzz.targets import odd_names, sample, targets

INPUTS: Final = 120
TARGETS: Final = targets()


def test_there_are_many_targets_and_one_for_every_kind() -> None:
    assert len(TARGETS) >= 40


@pytest.mark.parametrize("name", TARGETS)
def test_parser_takes_or_refuses_in_our_own_words(name: str) -> None:
    target = TARGETS[name]
    for data in sample(name, target.seeds, INPUTS):
        try:
            target(data)
        except Exception as error:
            raise AssertionError(f"{name} on {data!r}") from error


def test_name_of_another_type_is_refused() -> None:
    """A BIT STRING in a name made the library raise TypeError through ours."""
    refused = 0
    for data in odd_names(TARGETS["certificate"].seeds[0]):
        with suppress(ValueError):
            certificate = x509.load_der_x509_certificate(data)
            try:
                _ = certificate.subject, certificate.issuer
            except TypeError:
                refused += 1
                with pytest.raises(ExchangeError, match="do not parse"):
                    parse_certificate(data)
    assert refused
