"""What is kept of a file, what is refused, and by which addresses it leaves."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from engagement.files.errors import FileNotFoundHereError, FileTooLargeError, InvalidFileError
from engagement.files.models import FilePiece, FileUse, StoredFile
from engagement.files.selectors import PATH, file_address, find_file_by_address
from engagement.files.services import keep_file, read_file, release_file, store_file, sweep_files
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from .pictures import bomb, picture

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def signed(address: str) -> str:
    return address.removeprefix(PATH.partition("{")[0]).rstrip("/")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_drawn_anew_and_nothing_that_was_hidden_in_it_stays(format: str) -> None:
    hidden = picture(format) + b"<script>alert(1)</script>"

    file = store_file(use=FileUse.PICTURE, name=f"C:\\pics\\mug.{format.lower()}", data=hidden)

    kept = read_file(file.pk)
    assert (file.name, file.content_type, file.width, file.height) == ("mug.webp", "image/webp", 40, 30)
    assert b"script" not in kept
    assert Image.open(io.BytesIO(kept)).format == "WEBP"


def test_where_it_was_taken_does_not_stay_and_large_ones_become_smaller() -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif[0x0112] = 6  # turned by 90 degrees

    file = store_file(use=FileUse.PICTURE, name="x.jpg", data=picture("JPEG", (3200, 1600), exif=exif))

    assert (file.width, file.height) == (800, 1600)
    assert b"at home" not in read_file(file.pk)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("mug.png", b"<html><script>alert(1)</script>"),
        ("mug.png", b"MZ\x90\x00" + b"\x00" * 200),
        ("mug.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("mug.png", picture()[:60]),
        ("mug.gif", b"GIF89a"),
        ("", b""),
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(name: str, data: bytes) -> None:
    with pytest.raises(InvalidFileError) as refused:
        store_file(use=FileUse.PICTURE, name=name, data=data)

    assert refused.value.field == "file"
    assert not StoredFile.objects.exists()


def test_a_picture_that_would_unpack_to_billions_of_pixels_is_refused_before_it_does() -> None:
    for data in (bomb(), bomb(9_000, 9_000)):
        with pytest.raises(FileTooLargeError, match="pixels"):
            store_file(use=FileUse.PICTURE, name="bomb.png", data=data)


def test_what_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(FileTooLargeError, match=r"9\.0 MB; 8 MB are the most"):
        store_file(use=FileUse.PICTURE, name="x.png", data=b"\x89PNG" + b"x" * (9 * 1024 * 1024 - 4))


def test_a_download_is_what_its_name_says_and_long_ones_come_back_whole() -> None:
    data = b"%PDF-1.7\n" + b"0123456789" * 250_000

    file = store_file(use=FileUse.DOWNLOAD, name="guide.pdf", data=data)

    assert (file.content_type, FilePiece.objects.count()) == ("application/pdf", 3)
    assert read_file(file.pk) == data


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("guide.pdf", b"MZ\x90\x00 a program"),
        ("guide.exe", b"MZ\x90\x00"),
        ("page.html", b"<html>"),
        ("page.txt", b"  <!DOCTYPE html><script>"),
        ("notes.txt", b"\xff\xfe\x00"),
        ("book.docx", b"PK\x03\x04 not a real archive"),
        ("noending", b"%PDF-1.7"),
    ],
)
def test_a_download_that_lies_about_its_type_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(InvalidFileError):
        store_file(use=FileUse.DOWNLOAD, name=name, data=data)


def test_an_office_file_is_known_by_what_is_in_the_archive() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")

    assert store_file(use=FileUse.ATTACHMENT, name="plan.docx", data=made.getvalue()).content_type.endswith(
        "wordprocessingml.document"
    )
    with pytest.raises(InvalidFileError):
        store_file(use=FileUse.ATTACHMENT, name="plan.xlsx", data=made.getvalue())


def test_a_hostile_name_becomes_one_plain_line() -> None:
    file = store_file(use=FileUse.DOWNLOAD, name="../../etc/\u202eevil<b>.pdf", data=b"%PDF-1")

    assert file.name == "evil<b>.pdf"


def test_an_address_lasts_at_least_as_long_as_asked_and_stays_the_same_meanwhile(acme: TenantContext) -> None:
    with clock.frozen_at(NOW):
        file = store_file(use=FileUse.PICTURE, name="x.png", data=picture())
        address = file_address(acme, file, lasts=timedelta(hours=1))
    with clock.frozen_at(NOW + timedelta(minutes=59)):
        assert file_address(acme, file, lasts=timedelta(hours=1)) == address
        assert find_file_by_address(acme, signed(address)) == file
    with clock.frozen_at(NOW + timedelta(hours=2)), pytest.raises(FileNotFoundHereError):
        find_file_by_address(acme, signed(address))


def test_an_address_of_another_community_or_a_changed_one_opens_nothing(
    acme: TenantContext, globex: TenantContext
) -> None:
    file = store_file(use=FileUse.PICTURE, name="x.png", data=picture())
    address = signed(file_address(acme, file))

    for context, text in ((globex, address), (acme, address[:-2] + "xx"), (acme, "nonsense"), (acme, "")):
        with pytest.raises(FileNotFoundHereError):
            find_file_by_address(context, text)


def test_what_nothing_refers_to_goes_a_day_later_and_what_is_kept_stays() -> None:
    with clock.frozen_at(NOW):
        kept, left, let_go = (store_file(use=FileUse.PICTURE, name="x.png", data=picture()) for _ in range(3))
        keep_file(file_id=kept.pk)
        keep_file(file_id=let_go.pk)
        release_file(file_id=let_go.pk)
    with clock.frozen_at(NOW + timedelta(hours=23)):
        assert sweep_files() == 0
    with clock.frozen_at(NOW + timedelta(hours=25)):
        assert (sweep_files(), sweep_files()) == (2, 0)

    assert list(StoredFile.objects.values_list("pk", flat=True)) == [kept.pk]
    assert left.pk not in FilePiece.objects.values_list("file_id", flat=True)
