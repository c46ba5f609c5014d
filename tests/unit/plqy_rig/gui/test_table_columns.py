"""Tables show what they have room for, and never scroll sideways for what is needed least."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QTableWidget

from plqy_rig.gui.widgets.table_columns import hide_what_has_no_room


@pytest.fixture
def table(qtbot):
    made = QTableWidget(1, 4)
    qtbot.addWidget(made)
    for column in range(4):
        made.setColumnWidth(column, 100)
    made.show()
    return made


@pytest.mark.parametrize(("width", "hidden"), [(460, []), (360, [3]), (260, [1, 3]), (60, [1, 3])])
def test_the_least_needed_columns_go_first_and_come_back(table, width, hidden):
    for room in (460, width, 160, width):
        table.resize(room, 200)
        hide_what_has_no_room(table, (3, 1))
    assert [column for column in range(4) if table.isColumnHidden(column)] == hidden
