"""Load the bundled and installed plugins, and describe them."""

from __future__ import annotations

from importlib import import_module

import pandas as pd

from lean_impact.hooks import Plugins
from lean_impact.plugins import BUNDLED

__all__ = ["default_plugins", "describe_plugins", "plugin_table"]


def default_plugins() -> Plugins:
    """Load the bundled plugins and all that are installed and allowed.

    Returns
    -------
    Plugins
        With every failure recorded.

    Raises
    ------
    PluginError
        If one fails and ``LEAN_IMPACT_STRICT_PLUGINS=1`` is set.

    Examples
    --------
    >>> sorted(default_plugins().programmes())
    ['nhs-vmi']
    """
    return Plugins.load(bundled={name: import_module(module) for name, module in BUNDLED.items()})


def plugin_table(plugins: Plugins) -> pd.DataFrame:
    """Return the plugins that were loaded.

    Parameters
    ----------
    plugins : Plugins
        Loaded plugins.

    Returns
    -------
    DataFrame
        Columns ``name``, ``package``, ``version``, ``bundled``, ``sha256``.
    """
    return pd.DataFrame(
        [
            {
                "name": info.name,
                "package": info.distribution,
                "version": info.version,
                "bundled": "yes" if info.bundled else "no",
                "sha256": info.sha256,
            }
            for info in plugins.loaded
        ]
    )


def describe_plugins(plugins: Plugins | None = None) -> str:
    """Say which plugins there are, what each brings, and which failed.

    Parameters
    ----------
    plugins : Plugins, optional
        Loaded plugins; all installed ones if not given.

    Returns
    -------
    str
        One line for each thing, failures last.
    """
    plugins = plugins or default_plugins()
    kinds = {
        "source": {name: (owned.plugin, owned.entry.summary) for name, owned in plugins.sources().items()},
        "measure": {name: (owned.plugin, owned.entry.name) for name, owned in plugins.measures().items()},
        "framework": {name: (owned.plugin, owned.entry.name) for name, owned in plugins.frameworks().items()},
        "scorer": {name: (owned.plugin, owned.entry.summary) for name, owned in plugins.scorers().items()},
        "programme": {
            name: (owned.plugin, owned.entry.summary) for name, owned in plugins.programmes().items()
        },
        "section": {name: (owned.plugin, owned.entry.summary) for name, owned in plugins.sections().items()},
    }
    lines = []
    for info in plugins.loaded:
        lines.append(str(info))
        for kind, found in kinds.items():
            lines += [
                f"  {kind:<10} {name:<26} {what}" for name, (owner, what) in found.items() if owner == info
            ]
    lines += [f"FAILED {failure}" for failure in plugins.failures]
    return "\n".join(lines)
