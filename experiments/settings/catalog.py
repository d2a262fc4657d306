"""The settings that are compared (section 4.2 of the paper), by name.

A configuration names its own as ``module:function``. The function takes a `SettingModels` and
returns settings. Their traffic is counted if they take the cloud model from it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from cogenesis_langchain.privacy.trust.hosts import is_trusted
from experiments.errors import ExperimentConfigInvalid
from experiments.settings.maskers import pii_middleware, presidio
from experiments.settings.setting import (
    Setting,
    SettingModels,
    Shown,
    cloud_as_local,
    nothing_public,
    through,
)
from experiments.settings.whole_text import fill_from_whole_text, write_without_context

MakeSettings: TypeAlias = Callable[[SettingModels], Iterable[Setting]]


def open_settings(models: SettingModels) -> dict[str, list[Setting]]:
    """Map each name in the configuration, in order, to the settings that it stands for.

    Raises:
        ExperimentConfigInvalid: A name is unknown or given twice, what a setting needs is not
            configured, or a setting would show private text to an endpoint that is not trusted.
    """
    made = {name: list(_maker_of(name)(models)) for name in models.config.settings}
    settings = [setting for several in made.values() for setting in several]
    names = [setting.name for setting in settings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ExperimentConfigInvalid(
            f"settings: several are called {', '.join(twice)}", remedy="give each its own name"
        )
    for setting in settings:
        _require_trusted_endpoint(setting, models)
    return made


def _maker_of(name: str) -> MakeSettings:
    if name in SETTINGS:
        return SETTINGS[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise ExperimentConfigInvalid(
            f"settings: there is no setting {name!r}",
            remedy=f"choose from {', '.join(SETTINGS)}, or name your own as module:function",
        )
    try:
        made: MakeSettings = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ExperimentConfigInvalid(
            f"settings: {name!r} cannot be imported ({type(error).__name__})",
            remedy="the module must be importable and hold that function",
        ) from None
    return made


def _require_trusted_endpoint(setting: Setting, models: SettingModels) -> None:
    cloud = models.config.cloud
    host = urlsplit(cloud.base_url or "").hostname
    if setting.shows not in ("context", "masked context") or host is None:
        return
    if not is_trusted(host, cloud.trusted_hosts):
        raise ExperimentConfigInvalid(
            f"settings: {setting.name!r} would show private text to {host!r}",
            remedy="leave the setting out, or name the host in cloud.trusted_hosts if it is inside "
            "your trust boundary",
        )


def _cloud_with_context(models: SettingModels) -> list[Setting]:
    return [Setting("cloud with context", "upper", "context", cloud_as_local(models))]


def _cloud_without_context(models: SettingModels) -> list[Setting]:
    write = partial(write_without_context, models)
    return [Setting("cloud without context", "other", "instruction", write)]


def _local_alone(models: SettingModels) -> list[Setting]:
    model = models.cogenesis(models.sketch_model(), models.local, instruction=nothing_public)
    return [Setting("local alone", "baseline", "nothing", through(model))]


def _local_fine_tuned(models: SettingModels) -> list[Setting]:
    if models.fine_tuned is None:
        raise ExperimentConfigInvalid(
            "local.fine_tuned: no file is configured for the setting 'local fine-tuned'",
            remedy="name a GGUF file, or leave the setting out",
        )
    model = models.cogenesis(models.sketch_model(), models.fine_tuned, instruction=nothing_public)
    return [Setting("local fine-tuned", "other", "nothing", through(model))]


def _sketch_fill(models: SettingModels) -> list[Setting]:
    model = models.cogenesis(models.sketch_model(), models.local, sketch="outline")
    return [Setting("sketch-fill", "sketch", "instruction", through(model))]


def _template(models: SettingModels) -> list[Setting]:
    model = models.cogenesis(models.sketch_model(), models.local, sketch="template")
    return [Setting("template", "template", "instruction", through(model))]


def _full_content(models: SettingModels) -> list[Setting]:
    write = partial(fill_from_whole_text, models)
    return [Setting("full content", "full content", "instruction", write)]


def _other_sketches(models: SettingModels) -> list[Setting]:
    return list(_by_other_models(models, "outline", "sketch by", "other sketches"))


def _other_templates(models: SettingModels) -> list[Setting]:
    return list(_by_other_models(models, "template", "template by", "other templates"))


def _by_other_models(
    models: SettingModels, sketch: Literal["template", "outline"], prefix: str, setting: str
) -> Iterator[Setting]:
    if not models.config.sketch_models:
        raise ExperimentConfigInvalid(
            f"sketch_models: no model is configured for the setting {setting!r}",
            remedy="add [[sketch_models]] with a name and a model, or leave the setting out",
        )
    for other in models.config.sketch_models:
        model = models.cogenesis(models.sketch_model(other.name), models.local, sketch=sketch)
        yield Setting(f"{prefix} {other.name}", "other sketches", "instruction", through(model))


def _fused(models: SettingModels) -> list[Setting]:
    settings = []
    for name, operator, seen in models.config.fused():
        model = models.cogenesis(
            models.sketch_model(),
            models.local,
            mode="fused",
            operator=operator,
            disclosure=seen if isinstance(seen, str) else seen.disclosure(),
        )
        shows: Shown = "text so far" if seen == "open" else "masked text so far"
        settings.append(Setting(name, "fused", shows, through(model)))
    return settings


SETTINGS: Final[Mapping[str, MakeSettings]] = {
    "cloud with context": _cloud_with_context,
    "cloud without context": _cloud_without_context,
    "local alone": _local_alone,
    "local fine-tuned": _local_fine_tuned,
    "sketch-fill": _sketch_fill,
    "template": _template,
    "full content": _full_content,
    "other sketches": _other_sketches,
    "other templates": _other_templates,
    "fused": _fused,
    "PIIMiddleware": pii_middleware,
    "Presidio": presidio,
}
"""The function that builds the settings of each name; "sketch-fill" is the paper's, by outline."""
