"""The head of an answer comes with its body: the AWS SDK for Go may close the connection in between, and ask again.

https://github.com/aws/aws-sdk-go-v2/issues/1825
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.instance import LocalAws

_BODY = b"Action=DescribeVpcs&Version=2016-11-15"
_TIMES = 100


def _request(local_aws: LocalAws, method: bytes = b"POST", body: bytes = _BODY) -> bytes:
    scope = b"test/20260101/us-east-1/ec2/aws4_request"
    head = [
        method + b" / HTTP/1.1",
        b"Host: 127.0.0.1:%d" % local_aws.port,
        b"Content-Type: application/x-www-form-urlencoded",
        b"Authorization: AWS4-HMAC-SHA256 Credential=" + scope + b", SignedHeaders=host, Signature=none",
        b"Content-Length: %d" % len(body),
    ]
    return b"\r\n".join([*head, b"", body])


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    (length,) = (line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return head.startswith(b"HTTP/1.1 200 ") and len(body) == int(length)


def test_the_first_that_arrives_is_the_whole_answer(local_aws: LocalAws) -> None:
    """Who reads as soon as anything is there would else get a head alone, if not each time."""
    with socket.create_connection(("127.0.0.1", local_aws.port), timeout=10) as connection:
        for _ in range(_TIMES):
            connection.sendall(_request(local_aws))
            assert _is_whole(connection.recv(65_536))


def test_an_answer_without_a_body_arrives(local_aws: LocalAws) -> None:
    with socket.create_connection(("127.0.0.1", local_aws.port), timeout=10) as connection:
        connection.sendall(_request(local_aws, b"OPTIONS", b""))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(_request(local_aws))
        assert _is_whole(connection.recv(65_536))
