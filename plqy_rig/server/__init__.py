"""The host on a loopback WebSocket: authentication, limits, discovery, client."""
