"""Open a remote file from a given byte: a common interface to HTTP(S) and FTP."""

import ftplib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

BLOCK = 2**18
# Worth retrying: time-outs, too many requests, and all server errors.
TEMPORARY = {408, 425, 429, *range(500, 600)}


class TransferError(Exception):
    """A failed transfer; ``permanent`` if retrying the same URL is pointless."""

    def __init__(self, message: str, permanent: bool = False):
        super().__init__(message)
        self.permanent = permanent


@dataclass
class Transfer:
    """An ongoing download.

    ``start``: position of the first byte, either as requested or 0. ``total``: size of the whole file in
    bytes, None if the server does not report it. ``chunks``: the bytes; raises TransferError if the
    connection breaks.
    """

    start: int
    total: int | None
    chunks: Iterator[bytes]


@contextmanager
def open_http(url: str, start: int, timeout: float) -> Iterator[Transfer]:
    """GET ``url`` from byte ``start``, or from 0 if the server does not support ranges or has less."""
    with _request(url, start, timeout) as response:
        total = _total(response, start)
        if response.status_code == 416 and total == start:
            yield Transfer(start, total, iter(()))
        elif start and (response.status_code == 416 or (response.status_code == 206 and total is None)):
            response.close()
            with open_http(url, 0, timeout) as whole:
                yield whole
        elif response.status_code not in (200, 206):
            answer = f"the server answers {response.status_code} {response.reason}"
            raise TransferError(answer, response.status_code not in TEMPORARY)
        elif url.startswith("https:") and not response.url.startswith("https:"):
            raise TransferError("the server redirects to an unencrypted address", permanent=True)
        else:
            begin = start if response.status_code == 206 else 0
            yield Transfer(begin, total, _body(response, timeout))


@contextmanager
def open_ftp(url: str, start: int, timeout: float) -> Iterator[Transfer]:
    """RETR ``url`` anonymously from byte ``start``, or from 0 if the server has less."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    server = ftplib.FTP(timeout=timeout)
    try:
        with _ftp_errors(timeout):
            server.connect(parts.hostname, parts.port or ftplib.FTP_PORT)
            server.login()
            server.voidcmd("TYPE I")
            total = server.size(path)
        if total is not None and start > total:
            start = 0
        yield Transfer(start, total, _ftp_body(server, path, start, timeout))
    finally:
        server.close()


OPENERS = {"https": open_http, "http": open_http, "ftp": open_ftp}


def _request(url: str, start: int, timeout: float):
    import requests

    headers = {"Accept-Encoding": "identity"}  # byte positions would differ in a compressed response
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return requests.get(url, headers=headers, stream=True, timeout=timeout)
    except (requests.exceptions.SSLError, requests.exceptions.TooManyRedirects) as error:
        raise TransferError(f"{type(error).__name__}: {_root_cause(error)}", permanent=True) from error
    except requests.exceptions.Timeout as error:
        raise TransferError(f"no answer within {timeout:g} s") from error
    except requests.exceptions.ConnectionError as error:
        raise TransferError(f"no connection ({_root_cause(error)})") from error
    except (requests.exceptions.RequestException, ValueError) as error:
        raise TransferError(f"{type(error).__name__}: {_root_cause(error)}", permanent=True) from error


def _total(response, start: int) -> int | None:
    """Size of the whole file from the response headers; None if they are unusable for this range."""
    if response.status_code in (206, 416):
        found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
        fits = found and (response.status_code == 416 or int(found[1] or -1) == start)
        return int(found[2]) if fits else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _body(response, timeout: float) -> Iterator[bytes]:
    import urllib3

    try:
        # read1 returns what has arrived: nothing is lost if the connection breaks within a block.
        while block := response.raw.read1(BLOCK):
            yield block
    except urllib3.exceptions.ReadTimeoutError as error:
        raise TransferError(f"no data for {timeout:g} s") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TransferError(f"the transfer broke off ({_root_cause(error)})") from error


def _ftp_body(server: ftplib.FTP, path: str, start: int, timeout: float) -> Iterator[bytes]:
    with _ftp_errors(timeout), server.transfercmd(f"RETR {path}", rest=start or None) as connection:
        while block := connection.recv(BLOCK):
            yield block
        connection.close()
        server.voidresp()


@contextmanager
def _ftp_errors(timeout: float) -> Iterator[None]:
    try:
        yield
    except ftplib.error_perm as error:
        raise TransferError(f"the server answers {error}", permanent=True) from error
    except TimeoutError as error:
        raise TransferError(f"no answer within {timeout:g} s") from error
    except (ftplib.Error, EOFError) as error:
        raise TransferError(f"the transfer broke off ({error})") from error
    except OSError as error:
        raise TransferError(f"no connection ({error})") from error


def _root_cause(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
