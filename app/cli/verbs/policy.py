"""`symbi policy`: policies as files, before they decide anything."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import Invalid
from ..calls import Call, verb
from ..groups import group

policy = group("Policies: check them, test them, see what is different.")

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH…",
        help="The files of one bundle (.cedar, .yaml, .symbi, .dsl), or directories of them.",
        show_default=False,
        exists=True,
    ),
]
Bundle = Annotated[
    Path, typer.Argument(help="A bundle: a directory or a file.", show_default=False, exists=True)
]
Mapped = Annotated[
    list[str] | None,
    typer.Option(
        "--requirement",
        metavar="NAME=MEANING",
        help="What a requirement of your own in definitions means: a Cedar expression, or condition:…",
    ),
]


@verb(policy, "check")
def check(call: Call, paths: Paths, requirement: Mapped = None) -> None:
    """Validate a bundle, and say what its authors may not have meant. Errors: exit code 2."""
    from app.policy.bundle.problems import BundleInvalid
    from app.policy.review.checking import warnings

    from .. import policies
    from ..requests import pairs

    try:
        bundle = policies.compiled(paths, pairs(requirement or [], "NAME=MEANING"))
    except BundleInvalid as error:
        policies.tell(call.out, error.problems)
        found = [policies.as_document(problem) for problem in error.problems]
        call.out.document({"ok": False, "digest": None, "problems": found})
        raise typer.Exit(Invalid.exit_code) from None
    told = warnings(bundle)
    policies.tell(call.out, told)
    call.out.document(
        {
            "ok": True,
            "digest": bundle.digest,
            "name": bundle.name,
            "version": bundle.version,
            "policies": len(bundle.policies),
            "problems": [policies.as_document(problem) for problem in told],
        }
    )
    call.out.say(
        f"[green]{bundle.name} {bundle.version}[/] is valid: {len(bundle.policies)} policies, {bundle.digest}"
    )


@verb(policy, "test")
def run_cases(
    call: Call,
    paths: Paths,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="The bundle that decides; else the other files of PATH.", exists=True),
    ] = None,
    requirement: Mapped = None,
) -> None:
    """Decide the cases in *.test.yaml under a bundle. A case that fails: exit code 1."""
    from app.policy.interpreter import Interpreter
    from app.policy.review import cases

    from .. import policies
    from ..requests import pairs

    mapped = pairs(requirement or [], "NAME=MEANING")
    compiled = policies.compiled([bundle] if bundle is not None else paths, mapped)
    evaluate, results, problems = Interpreter(), list[cases.Result](), []
    for source in policies.cases(paths):
        found, wrong = cases.read(source)
        problems += wrong
        for one, document in found:
            results += cases.run(one, document, compiled, evaluate)
    if problems:
        policies.tell(call.out, problems)
        found_problems = [policies.as_document(problem) for problem in problems]
        call.out.document({"ok": False, "problems": found_problems, "cases": []})
        raise typer.Exit(Invalid.exit_code)
    failed = [result for result in results if not result.passed]
    call.out.document(
        {
            "ok": not failed,
            "digest": compiled.digest,
            "problems": [],
            "cases": [
                {
                    "name": result.name,
                    "file": result.place.file,
                    "line": result.place.line,
                    "passed": result.passed,
                    "failures": list(result.failures),
                    "warnings": list(result.warnings),
                    "decision": cases.described(result.decision) if result.decision else None,
                }
                for result in results
            ],
        }
    )
    for result in results:
        for warning in result.warnings:
            call.out.item(f"{result.place}: {result.name}: {warning}", bullet="  ! ")
    for result in failed:
        call.out.item(f"{result.place}: {result.name}", bullet="  ✗ ")
        for failure in result.failures:
            call.out.item(failure, bullet="      ")
    colour = "red" if failed else "green"
    call.out.say(f"[{colour}]{len(results) - len(failed)} of {len(results)} cases pass.[/]")
    if failed:
        raise typer.Exit(1)


@verb(policy, "diff")
def diff(call: Call, old: Bundle, new: Bundle, requirement: Mapped = None) -> None:
    """Show what is different between two bundles, policy by policy. A difference: exit code 1."""
    from app.policy.review.comparing import compare

    from .. import policies
    from ..requests import pairs

    mapped = pairs(requirement or [], "NAME=MEANING")
    found = compare(policies.compiled([old], mapped), policies.compiled([new], mapped))
    call.out.document(found.to_json())
    policies.tell_difference(call.out, found)
    if not found.same:
        raise typer.Exit(1)
    call.out.say("Both decide alike.")


@verb(policy, "schema")
def schema(call: Call) -> None:
    """Print the Cedar schema: the entities, actions and attributes that policies may speak of."""
    from app.policy.schema.render import render

    text = render()
    call.out.document({"schema": text})
    call.out.verbatim(text)
