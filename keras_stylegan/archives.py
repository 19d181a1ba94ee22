"""Zip archives from strangers."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path


def check_members(archive: zipfile.ZipFile, path: str | Path) -> None:
    """Refuses an archive with members that would leave the folder in which somebody unpacks it.

    Args:
        archive: an open zip, of which nothing but the list of members is read.
        path: what messages call it.

    Raises:
        ValueError: if a member has an absolute name (of any system) or one with `..`, or is a link.
    """
    for member in archive.infolist():
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
            raise ValueError(f"{path}: the archive has a member outside of its folder: {member.orig_filename}")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f"{path}: the archive has a link as member: {member.orig_filename}")
