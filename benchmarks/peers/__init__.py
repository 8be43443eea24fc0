"""The libraries that take part, one adapter a file."""

from __future__ import annotations

import importlib

from .base import NotInstalledError, Peer

#: In the order of the tables: ours first, then from the nearest relative outwards.
PEERS = {
    "compiled": "ours:Compiled",
    "plain": "ours:Plain",
    "slots": "slots:Slots",
    "micrograd": "micrograd:Micrograd",
    "xad": "xad:Xad",
    "casadi": "casadi:Casadi",
    "torch": "torch:Torch",
    "hips": "hips:Hips",
    "jax": "jax:Jax",
}


def load(name: str) -> Peer:
    """The adapter of a peer. Raises `NotInstalledError` where its library is missing."""
    module, _, cls = PEERS[name].partition(":")
    try:
        peer: Peer = getattr(importlib.import_module(f"{__name__}.{module}"), cls)()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(__name__):
            raise
        raise NotInstalledError(f"no module named {error.name}") from error
    peer.name = name
    return peer


__all__ = ["PEERS", "NotInstalledError", "Peer", "load"]
