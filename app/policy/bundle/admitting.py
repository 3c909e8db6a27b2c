"""A bundle that somebody else has compiled is checked again before it is known."""

from collections.abc import Mapping
from typing import Any

from events import strict_json

from ...errors import Invalid
from ..interpreter import Interpreter
from ..schema.render import render
from .bundle import Bundle, BundleCorrupt, load
from .compiling import validate
from .predicates import PredicateFailed
from .problems import BundleInvalid, Place, Problem


class BundleUnreadable(Invalid):
    """The bundle cannot be read: {why}"""


def admit(document: Mapping[str, Any], digest: str) -> Bundle:
    """The bundle in *document*, as `Bundle.to_bytes` writes it.

    Raises:
        BundleUnreadable: it is none, or not the one of that digest.
        BundleInvalid: a policy does not fit the schema, or a condition cannot be evaluated.
    """
    try:
        bundle = load(strict_json.canonical(document), digest)
        problems = list(validate(bundle.policies, _schema(bundle)))
    except (BundleCorrupt, strict_json.NotStrict) as error:
        raise BundleUnreadable(why=str(error)) from None
    interpreter = Interpreter()
    for name, predicate in bundle.predicates.items():
        try:
            interpreter.compiled(predicate)
        except PredicateFailed as error:
            problems.append(Problem(Place(name), str(error)))
    if len(bundle.by_id) < len(bundle.policies):
        problems.append(Problem(Place(bundle.name), "two policies have the same id"))
    if problems:
        raise BundleInvalid(problems)
    return bundle


def _schema(bundle: Bundle) -> str:
    # Conditions of definitions count on attributes that may be absent: an absent one denies.
    return render(bundle.argument_types, bundle.predicate_types, all_present=True)
