"""What an instruction `(op, d, a, b, span)` does.

Below, `R` are the registers of the function, and `d`, `a` and `b` are numbers of registers unless something
else is said. The numbers of the instructions are in the order in which the machine's loop asks for them.
"""

from typing import Final

# Within a block
MEMBER: Final = 0  # R[d] = R[a].b; b is a name
INDEX: Final = 1  # R[d] = R[a][R[b]]
ADD: Final = 2  # R[d] = R[a] + R[b]
SUBTRACT: Final = 3
MULTIPLY: Final = 4
MOVE: Final = 5  # R[d] = R[a]
KEEP: Final = 6  # R[d] = R[a], now held by two places
METHOD: Final = 7  # R[d] = R[a].method(…), which calls nothing back; b is (natives by class, name, Arguments)
CHANGE: Final = (
    8  # the same of a method that changes the place a; b is (Path, natives by class, name, Arguments)
)
STORE: Final = 9  # the place a (a Path) of R[d] becomes R[b]
BINARY: Final = 10  # R[d] = R[a] ∘ R[b[1]]; b is (function, register)
MEMBER_KEPT: Final = 11  # as MEMBER; what was found is now held by two places
INDEX_KEPT: Final = 12
LIST: Final = 13  # R[d] = a list of the registers a (a tuple)
MAP: Final = 14  # R[d] = a map with the keys a and the registers b (tuples)
RECORD: Final = 15  # as MAP; a is (type name, keys)
NATIVE: Final = 16  # R[d] = a(…), a built-in function; b is the Arguments
NEGATE: Final = 17  # R[d] = -R[a]
NOT: Final = 18  # R[d] = not R[a]
UNBOX: Final = 19  # R[d] = what the box R[a] holds
BOX: Final = 20  # R[d] = a new box that holds R[a]
REBOX: Final = 21  # the box R[d] now holds R[a]
CLOSURE: Final = 22  # R[d] = a lambda of the code a that captures the registers b (a tuple)
ITERATE: Final = 23  # R[d], R[d + 1] = an iterator over R[a], and what it goes through
SECRET: Final = 24  # R[d] = the secret at the path a, its entry R[b] unless b is none
CHECK: Final = 25  # R[d] must fit the Shape a; b says what it is
REMAINDER: Final = 26

# The last of a block, by which it is left
BRANCH: Final = 32  # to a if R[d] else to b; a and b are blocks
BRANCH_EQUAL: Final = 33  # to b[0] if R[d] == R[a] else to b[1]
BRANCH_LESS: Final = 34
BRANCH_AT_MOST: Final = 35
JUMP: Final = 36  # to d
NEXT: Final = 37  # R[d] = the next of the iterator R[a], on to b[0]; or to b[1] when there is none
CALL: Final = 38  # R[d] = a(…), a Code; b is the Arguments
RETURN: Final = 39  # gives R[d] back
CALL_METHOD: Final = 40  # as METHOD, of a method that may call back
CALL_VALUE: Final = 41  # R[d] = R[a](…); b is the Arguments
CAPABILITY: Final = 42  # R[d] = what the world answers to a (a dotted name); b is the Arguments
BRANCH_IN: Final = 43  # to b[0] if R[d] in R[a] else to b[1]
BRANCH_TEST: Final = 44  # to b[0] if a(R[d]) else to b[1]; a is a test of the machine, of any register
RAISE: Final = 45  # raises what R[d + 1] caught, again
MISMATCH: Final = 46  # no arm fits R[d]
BRANCH_FITS: Final = 47  # to b[0] if R[d] is the same as a, a value, else to b[1]
