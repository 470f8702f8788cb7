"""The venue's time: it only goes forward, follows the wall clock slowly, and does not follow a jump."""

from exchange.runtime.clock import ALARM_NS, Clock


class Hands:
    """A wall clock and a monotonic one that tests move."""

    def __init__(self) -> None:
        self.wall = 1_000 * ALARM_NS
        self.monotonic = 5

    def pass_ns(self, elapsed: int, wall_gains: int = 0) -> None:
        self.monotonic += elapsed
        self.wall += elapsed + wall_gains


def clock(hands: Hands, last_ns: int = 0) -> Clock:
    return Clock(last_ns, wall_ns=lambda: hands.wall, monotonic_ns=lambda: hands.monotonic)


def test_stamps_rise_even_when_no_time_passes() -> None:
    hands = Hands()
    time = clock(hands)
    assert [time.stamp() - hands.wall for _ in range(3)] == [0, 1, 2]


def test_a_small_gap_is_closed_by_at_most_500_ppm() -> None:
    hands = Hands()
    time = clock(hands)
    first = time.stamp()
    hands.pass_ns(100_000_000, wall_gains=1_000_000)
    assert time.stamp() - first == 100_050_000
    for _ in range(30):
        hands.pass_ns(100_000_000)
        time.stamp()
    assert abs(time.gap_ns) < 100_000


def test_a_jump_of_the_wall_clock_is_not_followed_until_an_operator_says_so() -> None:
    for jump in (3_600 * ALARM_NS, -3_600 * ALARM_NS):
        hands = Hands()
        time = clock(hands)
        first = time.stamp()
        hands.pass_ns(ALARM_NS, wall_gains=jump)
        assert time.stamp() - first == ALARM_NS
        assert time.alarm
        time.adopt(hands.wall)
        assert time.stamp() == max(hands.wall, first + ALARM_NS + 1)


def test_a_start_takes_the_wall_clock_but_never_goes_behind_the_last_stamp() -> None:
    hands = Hands()
    assert clock(hands, last_ns=hands.wall - 10**15).stamp() == hands.wall
    assert clock(hands, last_ns=hands.wall + 10**15).stamp() == hands.wall + 10**15 + 1
