"""The wires: USB over TCP, USBTMC framing, serial lines."""
