"""A trust policy says whose signatures count; it is read as c2sp.org/tlog-policy wants it."""

import pytest

from app.audit.notes import Cosigner, KnownWitness, MalformedPolicy, NoteSigner, TrustPolicy
from events.signing import SigningKey

LOG = NoteSigner("log.example/a", SigningKey.from_seed(b"l" * 32)).verifier
WITNESSES = {
    name: Cosigner(f"{name.lower()}.example", SigningKey.from_seed(name.encode() * 16)).verifier
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
X1, X2, X3, Y1, Y2, Y3 = WITNESSES.values()

PUBLISHED = f"""
log {LOG}

witness X1 {X1}
witness X2 {X2}
witness X3 {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
"""The example of the specification, with keys."""


def test_the_published_example_is_read() -> None:
    policy = TrustPolicy.parse(PUBLISHED.encode())
    assert [log.key for log in policy.logs] == [LOG]
    assert {name: witness.key for name, witness in policy.witnesses.items()} == WITNESSES
    assert policy.keys() == (LOG, *WITNESSES.values())
    assert policy.satisfied([X1, X3, Y2])
    assert not policy.satisfied([X1, Y1, Y2, Y3])
    assert not policy.satisfied([X1, X2, X3])
    assert not policy.satisfied([])


def test_no_quorum_is_satisfied_by_nobody() -> None:
    assert TrustPolicy.parse(b"quorum none\n").satisfied([])


def test_a_single_witness_can_be_the_quorum() -> None:
    policy = TrustPolicy.parse(f"witness X1 {X1}\nquorum X1".encode())
    assert policy.satisfied([X1])
    assert not policy.satisfied([X2])


def test_spaces_tabs_comments_and_addresses_are_read() -> None:
    text = f"\t # a comment ü\n\n  witness\tX1   {X1}\thttps://w.example/ \nquorum   none"
    assert TrustPolicy.parse(text.encode()).witnesses == {"X1": KnownWitness(X1, "https://w.example/")}


def test_names_are_octets() -> None:
    policy = TrustPolicy.parse(b"witness \xff " + str(X1).encode() + b"\nquorum \xff\n")
    assert policy.satisfied([X1])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no line names the quorum"),
        ("quorum X1", "not defined"),
        ("quorum none\nquorum none", "already"),
        ("quorums none", "no line of a policy"),
        ("quorum", "no line of a policy"),
        (f"log {LOG}\nlog {LOG}\nquorum none", "already"),
        (f"log {X1}\nquorum none", "type 0x04"),
        (f"witness X1 {LOG}\nquorum none", "type 0x01"),
        (f"log {LOG} https://a b\nquorum none", "no line of a policy"),
        (f"witness X1 {X1}\nwitness X1 {X2}\nquorum none", "taken"),
        (f"witness X1 {X1}\nwitness X2 {X1}\nquorum none", "already"),
        (f"witness none {X1}\nquorum none", "taken"),
        (f"witness X1 {X1}\ngroup X1 any X1\nquorum none", "taken"),
        (f"witness X1 {X1}\ngroup g 2 X1\nquorum none", "no quorum"),
        (f"witness X1 {X1}\ngroup g 0 X1\nquorum none", "no quorum"),
        (f"witness X1 {X1}\ngroup g ¹ X1\nquorum none", "no quorum"),
        (f"witness X1 {X1}\ngroup g most X1\nquorum none", "no quorum"),
        ("group g any\nquorum none", "no line of a policy"),
        ("group g any none\nquorum none", "not defined"),
        ("group g any g\nquorum none", "not defined"),
        (f"witness X1 {X1}\ngroup g any X1 X1\nquorum none", "a member already"),
        (f"witness X1 {X1}\ngroup g any X1\ngroup h any X1\nquorum none", "a member already"),
        ("log x+y+z\nquorum none", "no key of notes"),
        ("quorum none\r\n", "control character"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedPolicy, match=why):
        TrustPolicy.parse(text.encode())


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(MalformedPolicy, match="Line 3"):
        TrustPolicy.parse(b"# one\n\nnonsense\nquorum none\n")
