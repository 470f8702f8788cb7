"""Frames as the library of WebSocket clients makes and reads them; what is broken is broken for it, too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode

from exchange.api import frames

MOST = 1_000
PAYLOADS = st.one_of(st.binary(max_size=130), st.integers(0, MOST).map(bytes))
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from((Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG)),
        PAYLOADS,
        st.integers(1, 4),
        st.booleans(),
    ),
    max_size=6,
)


def feed(reader: frames.Reader, data: bytes) -> list[tuple[int, bytes]]:
    """All that is whole once this came."""
    reader.put(data)
    return list(iter(reader.take, None))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_is_what_the_library_would_have_made(size: int) -> None:
    text = "ü" * (size // 2) + "x" * (size % 2)
    for _ in range(2):
        assert frames.text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
    assert frames.frame(frames.PONG, b"a") == Frame(Opcode.PONG, b"a").serialize(mask=False)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 300), min_size=1, max_size=20))
def test_messages_come_whole_however_they_are_cut(
    messages: list[tuple[Opcode, bytes, int, bool]], cuts: list[int]
) -> None:
    sent, expected = b"", []
    for opcode, payload, pieces, is_interrupted in messages:
        if opcode in (Opcode.PING, Opcode.PONG):
            sent += Frame(opcode, payload[:125]).serialize(mask=True)
            expected.append((int(opcode), payload[:125]))
            continue
        length = len(payload) // pieces
        for piece in range(pieces):
            is_last = piece == pieces - 1
            part = payload[piece * length :] if is_last else payload[piece * length : (piece + 1) * length]
            kind = Opcode.CONT if piece else opcode
            sent += Frame(kind, part, fin=is_last).serialize(mask=True)
            if is_interrupted and not is_last:
                sent += Frame(Opcode.PING, b"between").serialize(mask=True)
                expected.append((int(Opcode.PING), b"between"))
        expected.append((int(opcode), payload))
    reader = frames.Reader(MOST)
    found, at = [], 0
    for number in range(len(sent)):
        if at >= len(sent):
            break
        step = cuts[number % len(cuts)]
        found += feed(reader, sent[at : at + step])
        at += step
    assert found == expected
    assert not reader.buffer


def test_who_stops_taking_in_the_middle_has_the_rest_kept_and_nothing_else_is() -> None:
    reader = frames.Reader(MOST)
    sent = b"".join(Frame(Opcode.TEXT, b"%d" % number).serialize(mask=True) for number in range(3))
    reader.put(sent)
    assert reader.take() == (frames.TEXT, b"0")
    assert feed(reader, b"") == [(frames.TEXT, b"1"), (frames.TEXT, b"2")]
    assert reader.buffer == b""


def test_a_message_too_big_is_refused_before_it_has_come() -> None:
    for sent in (
        Frame(Opcode.TEXT, bytes(MOST + 1)).serialize(mask=True)[:8],
        Frame(Opcode.TEXT, bytes(600), fin=False).serialize(mask=True)
        + Frame(Opcode.CONT, bytes(401)).serialize(mask=True)[:8],
        bytes((0x81, 0xFF)) + (1 << 62).to_bytes(8, "big") + b"mask",
    ):
        with pytest.raises(frames.Broken) as broken:
            feed(frames.Reader(MOST), sent)
        assert broken.value.code == 1009


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_opcodes_that_there_are_not(opcode: int) -> None:
    with pytest.raises(frames.Broken):
        feed(frames.Reader(MOST), bytes((0x80 | opcode, 0x80)) + bytes(4))


def test_fragments_up_to_the_most_are_taken_again_and_again() -> None:
    reader = frames.Reader(MOST)
    two = Frame(Opcode.TEXT, bytes(600), fin=False).serialize(mask=True) + Frame(Opcode.CONT, bytes(400)).serialize(
        mask=True
    )
    for _ in range(3):
        assert feed(reader, two) == [(frames.TEXT, bytes(MOST))]


def test_codes_to_close_with_are_those_of_the_library() -> None:
    known = {int(code) for code in CloseCode} - {1005, 1006, 1015}
    for code in range(65_536):
        payload = code.to_bytes(2, "big") + "ü".encode()
        if code in known or 3_000 <= code < 5_000:
            assert frames.closing(payload) == code
        else:
            with pytest.raises(frames.Broken):
                frames.closing(payload)
    assert frames.closing(b"") == 0
    with pytest.raises(frames.Broken) as broken:
        frames.closing(b"\x03\xe8\xff")
    assert broken.value.code == 1007
    assert frames.close_frame(1001, "ü") == Frame(Opcode.CLOSE, b"\x03\xe9" + "ü".encode()).serialize(mask=False)
    assert frames.close_frame(0, "") == Frame(Opcode.CLOSE, b"").serialize(mask=False)
