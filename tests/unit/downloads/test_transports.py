"""What is asked of a server, and what is made of its answer."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from loopback import Page, http_server

from bgbias.downloads import transports
from bgbias.downloads.transports import TransferError, open_http

CONTENT = np.random.default_rng(0).bytes(100_000)


@pytest.mark.parametrize(("shift", "start"), [(100, 50_000), (0, len(CONTENT) + 1)])
def test_a_server_that_has_not_the_range_that_was_asked_for_is_asked_for_all(shift, start):
    with (
        http_server({"/a": Page(CONTENT, shift=shift)}) as address,
        open_http(f"{address}/a", start, timeout=1) as transfer,
    ):
        assert (transfer.start, b"".join(transfer.chunks)) == (0, CONTENT)


def test_an_encrypted_address_does_not_become_an_unencrypted_one(monkeypatch):
    # https cannot be served here.
    answer = SimpleNamespace(status_code=200, headers={}, url="http://a/b")
    monkeypatch.setattr(transports, "_request", lambda *asked: nullcontext(answer))
    with pytest.raises(TransferError, match="unencrypted"), open_http("https://a/b", 0, 1):
        pass
