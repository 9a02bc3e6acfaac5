"""A stored file and its pieces."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class FileUse(models.TextChoices):
    """What a file is for; each use has its own sizes and types (engagement.files.services)."""

    PICTURE = "picture", "Picture of a reward, sponsor or event"
    DOWNLOAD = "download", "Something that a reward gives"
    ATTACHMENT = "attachment", "Handed in with a submission"


class StoredFile(models.Model):
    """A file whose bytes were checked. One that nothing refers to (`kept` false) is swept a day later."""

    use = models.CharField(max_length=12, choices=FileUse)
    name = models.CharField(
        max_length=150, help_text="As its owner called it, cleaned; shown, never trusted."
    )
    content_type = models.CharField(max_length=80, help_text="By its bytes.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(default=0, db_default=0, help_text="Pixels, of a picture.")
    height = models.PositiveIntegerField(default=0, db_default=0)
    owner_id = models.BigIntegerField(
        default=0, db_default=0, help_text="The member who handed it in; 0: the team."
    )
    kept = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "stored_file"
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=models.Q(kept=False), name="stored_file_unkept")
        ]

    def __str__(self) -> str:
        return self.name


class FilePiece(models.Model):
    """Up to a megabyte of a file."""

    pk = models.CompositePrimaryKey("file_id", "number")
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "stored_file_piece"

    def __str__(self) -> str:
        return f"piece {self.number} of file {self.file_id}"
