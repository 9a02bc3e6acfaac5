"""Ports that are taken are passed over, and two stacks never pick the same."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ops.devstack import ports
from ops.devstack.errors import DevstackError
from ops.devstack.ports import LOOPBACK, PortBook, is_free

WANTED = 23400


def test_taken_port_is_passed_over(tmp_path: Path) -> None:
    with socket.socket() as other, PortBook(tmp_path) as book:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, WANTED))
        other.listen()
        assert not is_free(WANTED)
        assert book.pick(WANTED) > WANTED


def test_port_is_kept_from_others_before_anybody_listens(tmp_path: Path) -> None:
    with PortBook(tmp_path) as first, PortBook(tmp_path) as second:
        ours = first.pick(WANTED)
        assert second.pick(ours) > ours
    with PortBook(tmp_path) as third:
        assert third.pick(ours) == ours


def test_same_stack_gets_each_port_once(tmp_path: Path) -> None:
    with PortBook(tmp_path) as book:
        assert len({book.pick(WANTED) for _ in range(5)}) == 5


def test_end_of_the_tries_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TRIES", 2)
    with PortBook(tmp_path) as book:
        for _ in range(2):
            book.pick(WANTED)
        with pytest.raises(DevstackError, match="all taken by other programs"):
            book.pick(WANTED)
