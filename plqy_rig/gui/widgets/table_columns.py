"""Tables in narrow places: columns that are needed least go, rather than everything scrolling sideways."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QTableView


def hide_what_has_no_room(table: QTableView, least_needed: Sequence[int]) -> None:
    """Hide columns, the first of these first, until the others fit; show them again where there is room.

    Args:
        table: whose columns have the widths they want.
        least_needed: columns that may go, the least needed first.
    """
    header, viewport = table.horizontalHeader(), table.viewport()
    assert header is not None
    assert viewport is not None
    for column in least_needed:
        table.setColumnHidden(column, False)
    widths = {column: header.sectionSize(column) for column in range(header.count())}
    needed = sum(widths.values())
    for column in least_needed:
        if needed <= viewport.width():
            return
        table.setColumnHidden(column, True)
        needed -= widths[column]
