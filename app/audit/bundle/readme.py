"""What a bundle tells the auditor who opens it."""

from .manifest import Manifest

_TEXT = """\
# Events {first} to {last} of the log `{origin}`

{whose}, exported {made_at} by `{made_by}`, with what it takes to check them. No service, no network and no
account of the operator are needed.

## Check it

    symbi audit verify .

It says `valid` (exit code 0), `broken` (5, each problem with the position of the event), or `incomplete` (6:
nothing is wrong, and something could not be checked). `--json` says the same to programs.

**What it takes the operator's word for.** Without more it checks that the bundle agrees with itself. Anybody
can make a bundle that does. Bring along what you have from elsewhere:

- `--root KEY` the id of the root registrar key, which every other key hangs on. Here it is
  `{root}`.
- `--policy FILE` the logs and witnesses that you trust (c2sp.org/tlog-policy). `policy` is the operator's.
- `--checkpoint FILE` checkpoints that you or a witness kept: a log that was rewritten does not match them.
- `--statements DIR` copies of the producers' statements that were kept away from the operator.
- `--tsa-root FILE` the certificate of the timestamp authority.

## What it proves

- The events are, byte by byte, what the keys signed that the log registered, each while it was valid.
- They are the log's, in this order, without gaps{complete}.
- The log only grew: every checkpoint in here is the beginning of the next.
- They existed when witnesses and timestamp authorities say so, and not before what precedes them.

## What it cannot prove

- That what the events say is true; only who said it, and that it was not changed since.
- That nothing happened outside the log.
- Anything against an operator who holds every key and whose checkpoints nobody else ever saw.

## What lies where

`events/` one event a line: a DSSE envelope (payload type `application/vnd.symbi.event.v1+json`, Ed25519) with
its position, the broker's time and its subject. `tile/`, `checkpoint`: the Merkle tree as c2sp.org/tlog-tiles
has it, so that any verifier of such logs can check proofs against it; an entry of the tree is

    "SYE1" || u64 position || u64 time (ns) || u16 length || subject || u32 length of the payload
    || SHA-256(payload) || SHA-256(signature as written)

`checkpoints/` signed notes (c2sp.org/signed-note) with the witnesses' cosignatures. `identities.jsonl` who
got which key when, from the beginning of the log. `statements/` what each component said it was told to be
stored. `timestamps/` RFC 3161 tokens. `manifest.json` the digests of the files that the tree does not cover.
"""


def readme(manifest: Manifest, root_key_id: str) -> bytes:
    """The README of the bundle of that manifest."""
    whose = "All of them"
    complete = ""
    if manifest.agent is not None:
        whose = f"Those of the agent `{manifest.agent}`, and what is about the log itself and about keys"
        complete = (
            f", and no event of `{manifest.agent}` in this range was left out: every entry is in the tree"
        )
    return _TEXT.format(
        first=manifest.first,
        last=manifest.last,
        origin=manifest.origin,
        made_at=manifest.made_at,
        made_by=manifest.made_by,
        root=root_key_id,
        whose=whose,
        complete=complete,
    ).encode()
