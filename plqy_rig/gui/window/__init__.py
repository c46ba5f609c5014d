"""The window's frame: navigation, header, menus, messages, the shelf that makes the pages."""
