"""A plugin that fails is a recorded fact of the run, not the end of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Literal, Self

__all__ = ["PluginFailure", "PluginInfo", "PluginWarning", "Stage"]

Stage = Literal["import", "register", "describe", "name", "open", "use"]
"""Where a plugin can fail: at import, at registration, while yielding records, by repeating a name, when an
entry is opened, or when the opened thing is used."""


class PluginWarning(UserWarning):
    """A plugin failed and is left out of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """Say which plugin something comes from.

    Parameters
    ----------
    name : str
        Name of the entry point, or of the bundled module.
    distribution : str
        Installed package that brings it.
    version : str
        Version of that package.
    bundled : bool
        Whether it is part of this library.
    sha256 : str
        Digest of the plugin module's source file, empty if it has none.
    """

    name: str
    distribution: str
    version: str
    bundled: bool
    sha256: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailure:
    """Record that a plugin failed, where and how.

    Parameters
    ----------
    plugin : PluginInfo
        The plugin.
    stage : str
        One of :data:`~lean_impact.hooks.failures.Stage`.
    what : str
        What was being done, such as the hook or the entry's name.
    error : str
        Type and message of the error.
    trace : str
        Traceback, for the author of the plugin.
    """

    plugin: PluginInfo
    stage: Stage
    what: str
    error: str
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException, *, plugin: PluginInfo, stage: Stage, what: str) -> Self:
        """Record an exception."""
        return cls(
            plugin=plugin,
            stage=stage,
            what=what,
            error=_writable(f"{type(error).__name__}: {_words(error)}"),
            trace=_writable("".join(traceback.format_exception(error))),
        )

    def __str__(self) -> str:
        return f"plugin {self.plugin} failed at {self.stage} ({self.what}): {self.error}"


def _words(error: BaseException) -> str:
    """Return what an exception says; its own code may fail at that too."""
    try:
        return str(error)
    except Exception as another:  # noqa: BLE001 - a stranger's code
        return f"(its message cannot be read: {type(another).__name__})"


def _writable(text: str) -> str:
    """Replace what no file can hold, such as half a character of a file name that is not UTF-8."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
