"""Stands around each evaluation of the denoising model: to count, to stop, to hold a kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from engine.errors import SafelightError
from engine.loaded import Loaded
from engine.switches import BY_NAME

_DENOISERS = ("unet", "transformer", "transformer_2")
_ATTENTION = BY_NAME["attention"]


def surround(loaded: Loaded, kernel: str, before: Callable[[], None], hooks: ExitStack) -> None:
    """Call ``before`` at each evaluation, and hold an attention kernel around it.

    Around the denoiser only: a kernel that serves it may not serve the VAE. Where the whole model
    is compiled, around the compiled call: a hook would be compiled with it.

    Args:
        kernel: a value of the switch ``attention``.
        before: may raise to stop the run.
        hooks: end it.
    """
    for name in _DENOISERS:
        module = getattr(loaded.pipeline, name, None)
        if module is None:
            continue
        compiled = getattr(module, "_compiled_call_impl", None) is not None
        attribute = "_compiled_call_impl" if compiled else "forward"
        own = vars(module).get(attribute)
        inner = getattr(module, attribute)
        setattr(module, attribute, functools.wraps(inner)(_around(inner, before, kernel, loaded)))
        if own is None:
            hooks.callback(delattr, module, attribute)
        else:
            hooks.callback(setattr, module, attribute, own)


def _around(
    inner: Callable[..., Any], before: Callable[[], None], kernel: str, loaded: Loaded
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        before()
        try:
            with _ATTENTION.during(kernel, loaded):
                return inner(*args, **kwargs)
        except RuntimeError as error:
            if "No available kernel" not in str(error):
                raise
            raise SafelightError(
                f"The attention kernel {kernel} cannot compute this model here. "
                "Set attention to sdpa."
            ) from error

    return call
