"""Requests as they go over the wire, also such as no browser sends."""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.dashboard.browser import origin_of


class Reply(NamedTuple):
    """What a server answered; `headers` by lower-case name, several of one name joined by a line feed."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(address: str, line: str, *headers: str) -> Reply:
    """Send a request: its first line without the version, and the headers, a Host among them if there is to be one."""
    split = urlsplit(address)
    with socket.create_connection((split.hostname or "", split.port or 0), 30) as connection:
        upgraded = any(header.lower().startswith("upgrade:") for header in headers)
        closing = () if upgraded else ("Connection: close",)
        connection.sendall("\r\n".join([f"{line} HTTP/1.1", *headers, *closing, "", ""]).encode("latin-1"))
        answer = b""
        while not (upgraded and b"\r\n\r\n" in answer) and (part := connection.recv(65536)):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields: dict[str, str] = {}
    for name, _, text in (line.partition(": ") for line in lines):
        fields[name.lower()] = "\n".join(filter(None, [fields.get(name.lower()), text]))
    return Reply(int(first.split()[1]), fields, body)


def host_of(address: str) -> str:
    """Return the header Host that a browser sends."""
    return f"Host: {urlsplit(address).netloc}"


def cookie_of(address: str) -> str:
    """Return the cookie that a server gives for the token in an address, as a header."""
    split = urlsplit(address)
    reply = ask(address, f"GET {split.path or '/'}?{split.query}", host_of(address))
    return f"Cookie: {reply.headers['set-cookie'].partition(';')[0]}"


def token_of(address: str) -> str:
    """Return the token in an address."""
    return parse_qs(urlsplit(address).query)["token"][0]


def handshake(address: str, *headers: str, path: str = "/_stcore/stream") -> int:
    """Ask for a websocket as a browser does, but for what `headers` say instead; return the status, 101 for yes."""
    usual = [
        host_of(address),
        f"Origin: {origin_of(address)}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: streamlit",
    ]
    instead = {header.partition(":")[0].lower() for header in headers}
    remaining = [header for header in usual if header.partition(":")[0].lower() not in instead]
    return ask(address, f"GET {path}", *remaining, *[header for header in headers if header.partition(":")[2]]).status
