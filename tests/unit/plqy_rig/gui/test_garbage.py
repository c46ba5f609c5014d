"""Garbage is collected where Qt's objects live."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from types import ModuleType

from PyQt6.QtCore import QObject

from plqy_rig.gui.application import make_application


class Ring(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def make_garbage() -> None:
    for _ in range(20000):
        pair: list[object] = []
        pair.append(pair)


def test_objects_in_a_ring_are_deleted_by_the_window_s_thread_never_by_a_worker(qtbot, gui_surroundings):
    gc.enable()
    make_application()
    qtbot.wait(1200)  # what is there at the first look is set aside
    here, deleted_in = threading.get_ident(), []
    ring = Ring()
    weakref.finalize(ring, lambda: deleted_in.append(threading.get_ident()))
    del ring
    worker = threading.Thread(target=make_garbage)
    worker.start()
    worker.join()
    assert deleted_in == []
    make_garbage()
    qtbot.waitUntil(lambda: bool(deleted_in), timeout=10000)
    assert deleted_in == [here]
    assert not gc.isenabled()


def test_what_modules_brought_is_not_gone_through_again(qtbot, gui_surroundings, monkeypatch):
    make_application()
    gc.unfreeze()
    monkeypatch.setitem(sys.modules, "another_module_of_a_test", ModuleType("another_module_of_a_test"))
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=10000)
