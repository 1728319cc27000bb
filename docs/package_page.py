"""The README as a package's page shows it: links that lead somewhere without the repository.

On the disk and in the repository README's links are relative. An index has no files beside it,
so the build makes them absolute, by the address that stands once in pyproject.toml. Tests check
that nothing relative is left and that each address names a file that is there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

try:
    from hatchling.metadata.plugin.interface import MetadataHookInterface
except ImportError:  # for the tests, where no package is built
    MetadataHookInterface = object

PICTURES = (".svg", ".png", ".gif")


def page(text: str, repository: str) -> str:
    """The text with every relative link made absolute; pictures as files, pages to be read."""

    def absolute(found: re.Match[str]) -> str:
        target = found[1]
        if "://" in target or target.startswith(("#", "mailto:")):
            return found[0]
        kind = "raw" if target.endswith(PICTURES) else "blob"
        return f"]({repository}/{kind}/main/{target})"

    return re.sub(r"\]\(([^)\s]+)\)", absolute, text)


class PackagePage(MetadataHookInterface):  # type: ignore[misc,valid-type]
    """What hatchling asks for the description of the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        made = page(text, metadata["urls"]["Repository"])
        metadata["readme"] = {"content-type": "text/markdown", "text": made}
