"""Bytes as they come: encodings, what is no JSON, what is cut off, and tables of any kind."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.imports.errors import InvalidImportError, UnreadableFileError
from engagement.imports.parsers import check_mapping, load_json, parse_table, sample_table

A, B = "800000000000000001", "800000000000000002"
TEXT = f"Discord ID;Name;XP;Level\n{A};Zoë;1.250;3\n\n{B};=1+1;40;1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_every_encoding_that_a_spreadsheet_writes(encoding: str) -> None:
    data = TEXT.encode(encoding)

    sample = sample_table(data)
    bot = parse_table(data, sample["guess"], headed=sample["headed"])

    assert sample["columns"] == ["Discord ID", "Name", "XP", "Level"]
    assert sample["guess"] == {"id": 0, "name": 1, "xp": 2, "level": 3}
    assert [(m.line, m.external_id, m.name, m.xp, m.level) for m in bot.members] == [
        (2, A, "Zoë", 1250, 3),
        (4, B, "=1+1", 40, 1),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_json_in_every_encoding(encoding: str) -> None:
    assert load_json(json.dumps([{"name": "Zoë"}], ensure_ascii=False).encode(encoding)) == [{"name": "Zoë"}]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b'{"players": [{"id": "1"', "breaks off"),
        (b'{"players": oops}', "line 1, column"),
        (b"id,xp\n1,2\n", "no JSON file"),
        (b"PK\x03\x04abc", "ZIP or Excel"),
        (b"[" * 100_000, "JSON|breaks off"),
        (b'["' + b"\xff" * 50 + b'"', "breaks off|JSON"),
    ],
)
def test_what_is_no_json_says_what_it_is(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFileError, match=reason):
        load_json(data)


def test_a_table_without_a_head_is_guessed_by_its_ids() -> None:
    sample = sample_table(f"Ada,{A},5\nBo,{B},6\n".encode())

    assert (sample["headed"], sample["guess"]) == (False, {"id": 1})
    assert sample["columns"] == ["Column 1", "Column 2", "Column 3"]


@pytest.mark.parametrize("data", [b"hello", b"one\ntwo\nthree", b"x" * 500_000])
def test_what_is_no_table(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        sample_table(data)


def test_a_quotation_mark_that_is_never_closed_and_a_field_that_is_huge() -> None:
    with pytest.raises(UnreadableFileError, match="Probably a quotation mark"):
        parse_table(f'id,xp\n{A},"{"5" * 200_000}\n'.encode(), {"id": 0, "xp": 1}, headed=True)


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({}, "holds the Discord ids"),
        ({"id": 0}, "XP or the levels"),
        ({"id": 0, "xp": 9}, "no column 9"),
        ({"id": 0, "xp": "1"}, "no column"),
        ({"id": 1, "xp": 1}, "two things"),
        ({"id": 0, "xp": 1, "password": 2}, "not 'password'"),
        ({"id": True, "xp": 1}, "no column True"),
    ],
)
def test_a_mapping_that_makes_no_sense(mapping: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidImportError, match=reason):
        check_mapping(mapping, columns=3)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for read in (load_json, sample_table):
        with contextlib.suppress(UnreadableFileError):
            read(data)
    parse = {"id": 0, "xp": 1}
    with contextlib.suppress(UnreadableFileError):
        parse_table(data, parse, headed=False)
