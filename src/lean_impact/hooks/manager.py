"""Load plugins, each in isolation, and hand out what they describe.

Nobody outside this module touches pluggy's hook relay: one thin method for each hook.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Generic, TypeVar

import pluggy

from lean_impact._version import __version__
from lean_impact.domain.framework import ContextFramework
from lean_impact.domain.measure import Measure
from lean_impact.domain.text import hint
from lean_impact.errors import PluginError, UnknownNameError
from lean_impact.hooks.failures import PluginFailure, PluginInfo, PluginWarning, Stage
from lean_impact.hooks.records import ProgrammeEntry, ScorerEntry, SectionEntry, SourceEntry
from lean_impact.hooks.specs import PROJECT, HookSpecs

__all__ = ["Owned", "Plugins"]

T = TypeVar("T")
R = TypeVar("R")

ALLOW = "LEAN_IMPACT_PLUGINS"
STRICT = "LEAN_IMPACT_STRICT_PLUGINS"

# A plugin may end the interpreter from its module body; that too is only its own failure.
_CAUGHT = (Exception, SystemExit)

_KINDS: dict[str, tuple[str, type]] = {
    "source": ("lean_impact_sources", SourceEntry),
    "measure": ("lean_impact_measures", Measure),
    "framework": ("lean_impact_frameworks", ContextFramework),
    "scorer": ("lean_impact_scorers", ScorerEntry),
    "programme": ("lean_impact_programmes", ProgrammeEntry),
    "section": ("lean_impact_sections", SectionEntry),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned(Generic[T]):
    """Something a plugin yielded, with the plugin that yielded it.

    Parameters
    ----------
    entry : record
        What was yielded.
    plugin : PluginInfo
        Who yielded it.
    """

    entry: T
    plugin: PluginInfo


class Plugins:
    """Everything that the installed plugins describe, and every failure on the way.

    Make one with :meth:`load`.

    Notes
    -----
    A plugin runs with all rights of its user. ``LEAN_IMPACT_PLUGINS`` is an allow-list of entry-point or
    package names, separated by commas; set and empty it means no third-party plugin at all.
    ``LEAN_IMPACT_STRICT_PLUGINS=1`` turns the first failure into a
    :class:`~lean_impact.errors.PluginError`. Names never depend on the order in which plugins load: a name
    that a bundled plugin has is refused to others, and a name that two others share is given to neither.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lean_impact.domain import Measure
    >>> from lean_impact.hooks import hookimpl
    >>> class Demo:
    ...     @hookimpl
    ...     def lean_impact_measures(self):
    ...         yield Measure(id="wait", name="Wait", kind="mean", improvement="decrease",
    ...                       dimension="efficiency", frequency="month", unit="days")
    >>> plugins = Plugins.load(bundled={"demo": Demo()}, installed=[])
    >>> sorted(plugins.measures())
    ['wait']
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._manager = _new_manager()
        self._infos: dict[str, PluginInfo] = {}
        self._failures: list[PluginFailure] = []
        self._entries: dict[str, dict[str, Owned[object]]] = {}
        self._strict = strict

    # ------------------------------------------------------------------ loading

    @classmethod
    def load(
        cls,
        *,
        bundled: Mapping[str, object],
        installed: Iterable[EntryPoint] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Plugins:
        """Load bundled and installed plugins, each apart.

        Parameters
        ----------
        bundled : mapping of str to object
            Plugins of this library by name: modules or objects with hook implementations.
        installed : iterable of EntryPoint, optional
            Entry points to load; those of the group ``lean_impact`` if not given.
        environ : mapping, optional
            Environment to read the allow-list and the strict switch from; ``os.environ`` if not given.

        Returns
        -------
        Plugins
            With what every sound plugin describes, and the failures of the others.

        Raises
        ------
        PluginError
            If a plugin fails and strict mode is on.
        """
        environ = os.environ if environ is None else environ
        plugins = cls(strict=environ.get(STRICT, "") == "1")
        for name, plugin in bundled.items():
            info = PluginInfo(name=name, distribution=PROJECT, version=__version__, bundled=True)
            plugins._register(info, partial(_itself, plugin))
        found = entry_points(group=PROJECT) if installed is None else installed
        for point in sorted(found, key=lambda point: (point.name, point.value)):
            if _allowed(point, environ.get(ALLOW)):
                plugins._register(_installed_info(point), point.load)
        plugins._collect()
        return plugins

    def _register(self, info: PluginInfo, load: Callable[[], object]) -> None:
        if info.name in self._infos:
            self._fail(
                PluginFailure(
                    plugin=info,
                    stage="name",
                    what=f"plugin name '{info.name}'",
                    error=f"the name is taken by {self._infos[info.name]}; rename the entry point",
                )
            )
            return
        try:
            plugin = load()
        except _CAUGHT as error:
            self._fail(PluginFailure.of(error, plugin=info, stage="import", what="loading the plugin"))
            return
        try:
            # On a manager of its own first: a failed registration leaves its name behind.
            hash(plugin)  # pluggy keeps plugins in a set, and says so only when they are asked
            trial = _new_manager()
            trial.register(plugin, name=info.name)
            trial.check_pending()
            self._manager.register(plugin, name=info.name)
        except _CAUGHT as error:
            self._fail(PluginFailure.of(error, plugin=info, stage="register", what="its hooks"))
            return
        self._infos[info.name] = replace(info, sha256=_digest(getattr(plugin, "__file__", None)))

    def _collect(self) -> None:
        for kind, (hook, record) in _KINDS.items():
            offers: dict[str, list[Owned[object]]] = {}
            for info in self._infos.values():
                for entry in self._ask(info, hook, record):
                    offers.setdefault(_name_of(entry), []).append(Owned(entry=entry, plugin=info))
            self._entries[kind] = {
                name: owner
                for name, owners in sorted(offers.items())
                if (owner := self._settle(kind, name, owners)) is not None
            }

    def _ask(self, info: PluginInfo, hook: str, record: type) -> list[object]:
        """Call one hook of one plugin; a plugin that raises half-way contributes nothing."""
        others = [plugin for name, plugin in self._manager.list_name_plugin() if name != info.name]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)
        try:
            entries = [entry for answer in caller() for entry in answer]
        except _CAUGHT as error:
            self._fail(PluginFailure.of(error, plugin=info, stage="describe", what=hook))
            return []
        wrong = [entry for entry in entries if not isinstance(entry, record)]
        if wrong:
            names = ", ".join(sorted({type(entry).__name__ for entry in wrong}))
            self._fail(
                PluginFailure(
                    plugin=info,
                    stage="describe",
                    what=hook,
                    error=f"yields {names}; the hook yields {record.__name__} and nothing else",
                )
            )
            return []
        return entries

    def _settle(self, kind: str, name: str, owners: list[Owned[object]]) -> Owned[object] | None:
        if len(owners) == 1:
            return owners[0]
        everyone = " and ".join(str(owner.plugin) for owner in owners)
        keep = [owner for owner in owners if owner.plugin.bundled]
        winner = keep[0] if len(keep) == 1 else None
        outcome = "the bundled one is used" if winner else "none of them is used"
        for owner in owners:
            if owner is not winner:
                self._fail(
                    PluginFailure(
                        plugin=owner.plugin,
                        stage="name",
                        what=f"{kind} '{name}'",
                        error=f"{everyone} both offer the {kind} '{name}'; {outcome}; rename one",
                    )
                )
        return winner

    def _fail(self, failure: PluginFailure) -> None:
        if self._strict:
            raise PluginError(f"{failure}\n{failure.trace}".rstrip())
        self._failures.append(failure)
        warnings.warn(str(failure), PluginWarning, stacklevel=2)

    # ------------------------------------------------------------------ what there is

    @property
    def failures(self) -> tuple[PluginFailure, ...]:
        """All failures so far, in the order in which they happened."""
        return tuple(self._failures)

    @property
    def loaded(self) -> tuple[PluginInfo, ...]:
        """Plugins that were registered, bundled ones first."""
        return tuple(sorted(self._infos.values(), key=lambda info: (not info.bundled, info.name)))

    def sources(self) -> dict[str, Owned[SourceEntry]]:
        """Return the data sources by name."""
        return self._of("source", SourceEntry)

    def measures(self) -> dict[str, Owned[Measure]]:
        """Return the measures by identifier."""
        return self._of("measure", Measure)

    def frameworks(self) -> dict[str, Owned[ContextFramework]]:
        """Return the context frameworks by identifier."""
        return self._of("framework", ContextFramework)

    def scorers(self) -> dict[str, Owned[ScorerEntry]]:
        """Return the contingency models by name."""
        return self._of("scorer", ScorerEntry)

    def programmes(self) -> dict[str, Owned[ProgrammeEntry]]:
        """Return the bundled studies by name."""
        return self._of("programme", ProgrammeEntry)

    def sections(self) -> dict[str, Owned[SectionEntry]]:
        """Return the report's sections by name, in the order of the report."""
        found = self._of("section", SectionEntry)
        return dict(sorted(found.items(), key=lambda item: (item[1].entry.order, item[0])))

    def source(self, name: str) -> Owned[SourceEntry]:
        """Return a data source; UnknownNameError if there is none of that name."""
        return self._one("source", name, self.sources())

    def scorer(self, name: str) -> Owned[ScorerEntry]:
        """Return a contingency model; UnknownNameError if there is none of that name."""
        return self._one("scorer", name, self.scorers())

    def framework(self, name: str) -> Owned[ContextFramework]:
        """Return a context framework; UnknownNameError if there is none of that identifier."""
        return self._one("framework", name, self.frameworks())

    def programme(self, name: str) -> Owned[ProgrammeEntry]:
        """Return a bundled study; UnknownNameError if there is none of that name."""
        return self._one("programme", name, self.programmes())

    def _of(self, kind: str, record: type[R]) -> dict[str, Owned[R]]:
        return {
            name: Owned(entry=owned.entry, plugin=owned.plugin)
            for name, owned in self._entries.get(kind, {}).items()
            if isinstance(owned.entry, record)
        }

    def _one(self, kind: str, name: str, found: Mapping[str, Owned[R]]) -> Owned[R]:
        if name in found:
            return found[name]
        broken = "".join(f"\n  - {failure}" for failure in self._failures)
        also = f"\nPlugins that failed, one of which may have brought it:{broken}" if broken else ""
        raise UnknownNameError(f"no plugin provides the {kind} '{name}'; {hint(name, found)}{also}")

    # ------------------------------------------------------------------ using what was opened

    def attempt(
        self,
        call: Callable[[], R],
        *,
        plugin: PluginInfo,
        stage: Stage,
        what: str,
        passing: tuple[type[Exception], ...] = (),
    ) -> R | None:
        """Call into a plugin and turn its failure into a record.

        Parameters
        ----------
        call : callable
            Takes nothing; what to do.
        plugin : PluginInfo
            Whose code it is.
        stage : {"open", "use"}
            What is being done.
        what : str
            The same in words, for the record.
        passing : tuple of exception types
            Errors that are not the plugin's fault and go through.

        Returns
        -------
        object or None
            What ``call`` returned, or None if it failed.

        Raises
        ------
        PluginError
            If it fails and strict mode is on.
        """
        try:
            return call()
        except passing:
            raise
        except _CAUGHT as error:
            self._fail(PluginFailure.of(error, plugin=plugin, stage=stage, what=what))
            return None


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(HookSpecs)
    return manager


def _name_of(entry: object) -> str:
    return str(
        getattr(entry, "name" if hasattr(entry, "open") or isinstance(entry, ProgrammeEntry) else "id")
    )


def _allowed(point: EntryPoint, allow: str | None) -> bool:
    if allow is None:
        return True
    names = {name.strip() for name in allow.split(",") if name.strip()}
    return point.name in names or _distribution(point)[0] in names


def _distribution(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return "unknown package", "unknown"
    return point.dist.name, point.dist.version


def _installed_info(point: EntryPoint) -> PluginInfo:
    name, version = _distribution(point)
    return PluginInfo(name=point.name, distribution=name, version=version, bundled=False)


def _itself(plugin: object) -> object:
    return plugin


def _digest(origin: str | None) -> str:
    path = Path(origin) if origin else None
    return hashlib.sha256(path.read_bytes()).hexdigest() if path and path.is_file() else ""
