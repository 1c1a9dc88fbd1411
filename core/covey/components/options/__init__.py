"""Options: the fields of a component, each declared once with `option()`.

TOML validation, flags, forms, tables and keys are made from these declarations; only this package reads them.
"""

from covey.components.options.build_component import (
    add_absent,
    build,
    check_options,
    expand_variants,
    option_errors,
    rebuild,
)
from covey.components.options.component_values import (
    allowed_choices,
    evolve,
    join_plural,
    key_values,
    option_values,
    plural_option,
    read_option,
    split_plural,
)
from covey.components.options.declare_options import component, option, options
from covey.components.options.declared_option import Option, Scalar, Setting, format_value
from covey.components.options.option_paths import anchor_paths, check_paths

__all__ = [
    "Option",
    "Scalar",
    "Setting",
    "add_absent",
    "allowed_choices",
    "anchor_paths",
    "build",
    "check_options",
    "check_paths",
    "component",
    "evolve",
    "expand_variants",
    "format_value",
    "join_plural",
    "key_values",
    "option",
    "option_errors",
    "option_values",
    "options",
    "plural_option",
    "read_option",
    "rebuild",
    "split_plural",
]
