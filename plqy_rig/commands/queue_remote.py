"""`plqy queue pause` and `status`: talk to the program that runs the rig, if there is one."""

from __future__ import annotations

from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.commands.queue import WhichQueue, print_queue, show
from plqy_rig.server import HostAddress, HostClient, find_host, list_hosts


def pause(which: WhichQueue) -> None:
    """Take no more entries after the present one.

    Raises:
        ConfigurationError: nobody runs that rig.
        HostCommandError: its queue isn't running.
    """
    address = _address(which)
    if address is None:
        raise ConfigurationError("no program runs this rig: there is nothing to pause")
    with _client(address) as client:
        client.command("queue_pause")
    terminal.say("The queue pauses after the present entry.")


def status(which: WhichQueue, *, as_json: bool) -> None:
    """What the queue does now; without a program that runs the rig, what is stored."""
    address = _address(which)
    if address is None:
        if not as_json:
            terminal.say("No program runs this rig.")
        show(which, as_json=as_json)
        return
    with _client(address) as client:
        queue = client.command("queue_list")["queue"]
    if as_json:
        terminal.print_json({**queue, "runs": True, "pid": address.pid})
        return
    reason = f" ({queue['reason']})" if queue["reason"] else ""
    terminal.say(f"{address.rig_name}: the queue is {queue['state']}{reason}")
    print_queue(queue)


def _client(address: HostAddress) -> HostClient:
    return HostClient(address, on_event=lambda event: None, on_closed=lambda reason: None)


def _address(which: WhichQueue) -> HostAddress | None:
    if which.rig is not None:
        return find_host(which.rig)
    benches = [host for host in list_hosts() if host.simulated]
    if len(benches) > 1:
        rigs = ", ".join(str(host.rig) for host in benches)
        raise ConfigurationError(f"several benches are run: name one with --rig ({rigs})")
    return benches[0] if benches else None
