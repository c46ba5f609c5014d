"""Long words without a space in them: paths, names, what an instrument sent. No Qt."""

from __future__ import annotations

import re

_BREAK = "\u200b"
_LONGEST_WORD = 24


def breakable(text: str) -> str:
    """A path or a name with places where a line may break, which can't be seen: no window gets wide by it."""
    after_signs = re.sub(r"([/\\_.,;-])(?=[^/])", f"\\1{_BREAK}", text)
    return re.sub(rf"([^\s{_BREAK}]{{{_LONGEST_WORD}}})(?=[^\s{_BREAK}])", f"\\1{_BREAK}", after_signs)
