"""Signed heads in the journal. The core does not ask who signed: it keeps what an auditor will check."""

from exchange.messages.base import Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.system import HeadRecorded, RecordHead

from .matching import codes
from .state import State

STATEMENT_BYTES_MAX = 16_384
SIGNATURE_BYTES, KEY_BYTES = 64, 32


def record(state: State, command: RecordHead) -> None:
    """Keep a head whose parts have the sizes that they must have."""
    sizes = len(command.signature), len(command.public_key)
    if sizes != (SIGNATURE_BYTES, KEY_BYTES) or not 0 < len(command.statement) <= STATEMENT_BYTES_MAX:
        raise Reject(RejectCode.NUMBER_OUT_OF_RANGE)
    # From here on the command must succeed.
    state.emit(HeadRecorded(command.statement, command.signature, command.public_key))


HANDLERS = {RecordHead: record}
RIGHTS = {RecordHead: codes.RIGHT_OPERATE}
