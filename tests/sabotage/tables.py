"""Acts that the tables of tests/golden find out, each alone."""

from tests.sabotage.mutation import CHECKS, GUARDS, LIST_CHECKS, LISTS, MATCHING, TERMS, TRADING, Mutation

EVERY_ICEBERG = ("tests/golden/test_every_iceberg.py",)
EVERY_REPLACEMENT = ("tests/golden/test_every_replacement.py",)
EVERY_AMOUNT = ("tests/golden/test_every_quote_amount.py",)
EVERY_FILTER = ("tests/golden/test_every_filter.py",)
EVERY_AMENDMENT = ("tests/golden/test_every_amendment.py",)
EVERY_LIST = ("tests/golden/test_every_list.py",)
EVERY_FEE = ("tests/golden/test_every_fee.py",)
EVERY_RANGE = ("tests/golden/test_every_range.py",)

TABLE_MUTATIONS = (
    Mutation(
        "an iceberg shows all that is left",
        TRADING,
        "details.shown = min(details.visible, order.remaining)\n        level.quantity",
        "details.shown = order.remaining\n        level.quantity",
        EVERY_ICEBERG,
    ),
    Mutation(
        "parts are rounded down",
        TERMS,
        "parts = (quantity - 1) // visible + 1",
        "parts = quantity // visible",
        EVERY_ICEBERG,
    ),
    Mutation(
        "a failed cancel stops nothing",
        MATCHING,
        "if not code and target_code and reference.spare_1 == codes.STOP_ON_FAILURE:",
        "if False:",
        EVERY_REPLACEMENT,
    ),
    Mutation(
        "two names need not agree",
        CHECKS,
        "                return codes.ORDER_ID_MISMATCH",
        "                return 0",
        EVERY_REPLACEMENT,
    ),
    Mutation(
        "a unit too much is spent",
        TRADING,
        "(budget - self.cost) // unit",
        "(budget - self.cost + 1) // unit",
        EVERY_AMOUNT,
    ),
    Mutation(
        "what would be handed over is not counted",
        TRADING,
        "if order.flags.self_trade == codes.TRANSFER and order.seat.account != account:",
        "if False:",
        EVERY_AMOUNT,
    ),
    Mutation(
        "distances above are below", TERMS, "market.min_trailing_above, market.max", "1, market.max", EVERY_FILTER
    ),
    Mutation("one part more", TERMS, "parts > market.iceberg_parts", "parts > market.iceberg_parts + 1", EVERY_FILTER),
    Mutation("who waits is not counted", TERMS, "if order.flags.type > codes.LIMIT_MAKER:", "if 0:", EVERY_FILTER),
    Mutation(
        "a position may be one more",
        TERMS,
        "position > market.max_position",
        "position > market.max_position + 1",
        EVERY_FILTER,
    ),
    Mutation(
        "one more amendment",
        CHECKS,
        "order.details.amends >= market.max_amends",
        "order.details.amends > market.max_amends",
        EVERY_AMENDMENT,
    ),
    Mutation("an amended leg stays alone", LISTS, "sibling.quantity = order.quantity", "pass", EVERY_AMENDMENT),
    Mutation(
        "the first phase has no name",
        "exchange/core/matching/links.py",
        "codes.OTO_PHASE_ONE_EXPIRED if is_phase_one else",
        "",
        EVERY_LIST,
    ),
    Mutation("a pair is not asked for its prices", LIST_CHECKS, "return codes.OCO_PRICES", "pass", EVERY_LIST),
    Mutation(
        "a range is fixed a tick too far",
        GUARDS,
        "return max(worst_key, least)",
        "return max(worst_key, least - 1)",
        EVERY_RANGE,
    ),
    Mutation("a price that is too good is taken", GUARDS, "if best.key > most:", "if 0:", EVERY_RANGE),
)
