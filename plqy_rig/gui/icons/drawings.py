"""What each icon shows: SVG elements on a 24 x 24 grid, drawn in lines."""

from __future__ import annotations

UNKNOWN = '<rect x="4" y="4" width="16" height="16" rx="2"/><path d="M10 10a2 2 0 1 1 2 2.4V14M12 17v.2"/>'

DRAWINGS: dict[str, str] = {
    # pages
    "home": '<path d="M4 11 12 4l8 7M6 10v9h4v-5h4v5h4v-9"/>',
    "rig": '<circle cx="9.5" cy="14" r="6"/><path d="M20 3 11.5 13M15.5 14H21M18 11v6M9.5 8V5"/>',
    "instruments": '<rect x="3" y="5" width="18" height="6" rx="1.5"/><rect x="3" y="14" width="18" '
    'height="6" rx="1.5"/><path d="M6.5 8h.2M6.5 17h.2M11 8h7M11 17h7"/>',
    "measure": '<path d="M4 20V4M4 20h16M8 16v-4M12 16V9M16 16V6"/><circle cx="8" cy="9" r=".6"/>',
    "live": '<path d="M3 18c3 0 3.5-3 4.5-9C8.2 4.5 9 4.5 9.7 9c.8 5.5 1.3 8 2.8 8 1.5 0 1.8-3.5 '
    '3-3.5 1.2 0 1.5 4.5 5.5 4.5M3 21h18"/>',
    "queue": '<path d="M9 6h12M9 12h12M9 18h12"/><path d="M3.5 5 5 4v4.5M3.5 11.5 5 10.5l.8 1.5-2.3 '
    '2.5H6M3.5 16.5h2l-1 1.5c2 0 1.5 2.5-1 2"/>',
    "calibrations": '<path d="M3 17h18v4H3zM7 17v2M11 17v2.5M15 17v2M19 17v2.5M12 3v8M8.5 7.5 12 '
    '11l3.5-3.5"/>',
    "results": '<path d="M4 4v16h16"/><path d="M7 16l4-6 3.5 3L20 6"/><circle cx="11" cy="10" r="1.2" '
    'fill="currentColor"/><circle cx="14.5" cy="13" r="1.2" fill="currentColor"/>',
    "records": '<path d="M6 3h9l4 4v14H6zM15 3v4h4"/><path d="m9 14 2 2 4-4"/>',
    "log": '<path d="M5 4h14v16H5zM8 8h8M8 12h8M8 16h5"/>',
    # what a run does
    "play": '<path d="M7 4.5v15l12-7.5z" fill="currentColor"/>',
    "pause": '<path d="M8 5v14M16 5v14" stroke-width="4"/>',
    "stop": '<rect x="6" y="6" width="12" height="12" rx="1.5" fill="currentColor"/>',
    "abort": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z"/><path d="m9 9 6 6M15 9l-6 6"/>',
    "emergency": '<circle cx="12" cy="12" r="9"/><path d="M12 6.5v6M8.5 8.5a5 5 0 1 0 7 0"/>',
    "hold": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "skip": '<path d="M5 5v14l9-7zM18 5v14"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>',
    "hand": '<path d="M8 12V6a1.5 1.5 0 0 1 3 0v5M11 11V4.5a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 '
    '1 3 0v8c0 4-2 7-5.5 7S6.5 19 5 15.5l-1-2.3c.6-1.4 2.2-1.3 3 .2L8 15"/>',
    # things of the rig
    "sphere": '<circle cx="12" cy="12" r="8"/><path d="M12 12V2M12 12l4 4"/><path d="M10 10.5h4v3h-4z"/>',
    "laser": '<path d="M3 9h9v6H3zM12 12h4"/><path d="M19 8.5v7M15.8 10l6.4 4M22.2 10l-6.4 4"/>',
    "shutter": '<circle cx="12" cy="12" r="9"/><path d="M5.5 5.5l13 13M12 3v6M21 12h-6M12 21v-6M3 12h6"/>',
    "wheel": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="1.5"/><circle cx="12" '
    'cy="6.5" r="1.6"/><circle cx="17" cy="14" r="1.6" fill="currentColor"/><circle cx="7" '
    'cy="14" r="1.6"/>',
    "monitor": '<path d="M4 17a8 8 0 0 1 16 0M12 17l4-5M3 20h18"/>',
    "spectrometer": '<path d="M3 12h5M8 12l4-7 6 12H5.5z"/><path d="M15 11l6-2M15.7 12.5l5.3.5M16.5 14l4.5 '
    '3"/>',
    "temperature": '<path d="M10 13.5V5a2 2 0 0 1 4 0v8.5a4 4 0 1 1-4 0z"/><path d="M12 9v8"/>',
    "lamp": '<path d="M9 18h6M10 21h4M8.5 15C6.5 13.5 6 11.7 6 10a6 6 0 0 1 12 0c0 1.7-.5 3.5-2.5 5z"/>',
    "filter": '<rect x="10" y="3" width="4" height="18" rx="1"/><path d="M3 9h4M3 12h4M3 15h4M17 12h4"/>',
    "cuvette": '<path d="M7 3h10M8 3v16a2 2 0 0 0 2 2h4a2 2 0 0 0 2-2V3M8 10h8"/>',
    # deeds
    "open": '<path d="M3 19V5h6l2 3h8v3M3 19l3-8h16l-3 8z"/>',
    "save": '<path d="M4 4h13l3 3v13H4zM8 4v5h8V4M7 20v-7h10v7"/>',
    "add": '<path d="M12 5v14M5 12h14"/>',
    "remove": '<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5"/>',
    "up": '<path d="M12 20V5M6 11l6-6 6 6"/>',
    "down": '<path d="M12 4v15M6 13l6 6 6-6"/>',
    "left": '<path d="M20 12H5M11 6l-6 6 6 6"/>',
    "right": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "copy": '<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V4H4v12h4"/>',
    "edit": '<path d="m4 20 1-5L16 4l4 4L9 19zM13.5 6.5l4 4"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
    "export": '<path d="M12 15V3M8 7l4-4 4 4M4 14v6h16v-6"/>',
    "import": '<path d="M12 3v12M8 11l4 4 4-4M4 14v6h16v-6"/>',
    "refresh": '<path d="M19.5 10A8 8 0 0 0 5 8.5M4.5 14A8 8 0 0 0 19 15.5M5 4v4.5h4.5M19 20v-4.5h-4.5"/>',
    "reset": '<path d="M5 10h9.5a4.75 4.75 0 0 1 0 9.5H9M5 10l4.5-4.5M5 10l4.5 4.5"/>',
    "drag": '<path d="M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01" stroke-width="3"/>',
    "folder": '<path d="M3 19V5h6l2 3h10v11z"/>',
    "group": '<path d="M4 5h7v5H4zM4 14h7v5H4zM14 7h6M14 17h6"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" '
    'cy="17" r="2"/>',
    "compare": '<path d="M4 20V4M4 20h16"/><path d="M6 15c4 0 5-8 14-9M6 17c5 0 6-5 14-5" />',
    "report": '<path d="M6 3h12v18H6zM9 8h6M9 17v-3M12 17v-5M15 17v-2"/>',
    "zoom": '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
    "keys": '<rect x="2.5" y="6" width="19" height="12" rx="2"/><path d="M6 10h.2M9 10h.2M12 '
    '10h.2M15 10h.2M18 10h.2M6 14h.2M9 14h6M18 14h.2"/>',
    "theme": '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/>',
    "link": '<path d="M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 '
    '0 6 6l1-1"/>',
    "unlink": '<path d="M15 13.5 19 9.5a3.8 3.8 0 0 0-5.5-5.5L11 6.5M9 10.5 5 14.5A3.8 3.8 0 0 0 10.5 '
    '20l2.5-2.5M4 4l16 16"/>',
    # signs
    "good": '<circle cx="12" cy="12" r="9"/><path d="m7.5 12.5 3 3 6-6.5"/>',
    "warning": '<path d="M12 3.5 2.5 20h19zM12 10v4.5M12 17.2v.2"/>',
    "bad": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z"/><path d="m9 9 6 6M15 9l-6 6"/>',
    "unknown": '<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.5 2.5 0 1 1 2.5 3V14M12 17v.2"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.5v.2"/>',
    "safe": '<path d="M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z"/><path d="m8.5 '
    '12 2.5 2.5 4.5-5"/>',
    "not-safe": '<path d="M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z"/><path d="m9.5 '
    '9.5 5 5M14.5 9.5l-5 5"/>',
    "in-use": '<path d="M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z"/><path d="M12 '
    '8v8M8.5 10l7 4M15.5 10l-7 4"/>',
    # small pictures of the style sheet
    "arrow-up": '<path d="m5 15 7-7 7 7" stroke-width="2.6"/>',
    "arrow-down": '<path d="m5 9 7 7 7-7" stroke-width="2.6"/>',
    "arrow-right": '<path d="m9 5 7 7-7 7" stroke-width="2.6"/>',
    "tick": '<path d="m5 12.5 4.5 4.5L19 7.5" stroke-width="3"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "float": '<rect x="5" y="9" width="10" height="10"/><path d="M9 9V5h10v10h-4"/>',
}
"""Every icon by its name."""

NAMES = tuple(DRAWINGS)
