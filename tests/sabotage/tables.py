"""Acts that the tables of tests/golden find out, each alone."""

from tests.sabotage.mutation import CHECKS, LIST_CHECKS, LISTS, MATCHING, PEGS, TERMS, TRADING, Mutation

EVERY_ICEBERG = ("tests/golden/test_every_iceberg.py",)
EVERY_REPLACEMENT = ("tests/golden/test_every_replacement.py",)
EVERY_AMOUNT = ("tests/golden/test_every_quote_amount.py",)
EVERY_FILTER = ("tests/golden/test_every_filter.py",)
EVERY_AMENDMENT = ("tests/golden/test_every_amendment.py",)
EVERY_LIST = ("tests/golden/test_every_list.py",)
EVERY_FEE = ("tests/golden/test_every_fee.py",)
EVERY_RANGE = ("tests/golden/test_every_range.py",)
EVERY_PEG = ("tests/golden/test_every_peg.py",)
PEGS_IN_WORDS = ("tests/golden/test_golden.py", "-k", "peg")
EVERY_OPO = ("tests/golden/test_every_opo.py",)
PROCEEDS = "exchange/core/matching/proceeds.py"

TABLE_MUTATIONS = (
    # What an OPO keeps.
    Mutation("a fee comes off although there is enough", PROCEEDS, "fee > 0 and (", "fee > 0 or (", EVERY_OPO),
    Mutation("the discount asset pays from what is free", PROCEEDS, "market.base == discount_asset or ", "", EVERY_OPO),
    Mutation(
        "a taker is settled in the end",
        TRADING,
        "            self.settle_taker(market, taker)\n            self.taker_paid",
        "            self.taker_paid",
        EVERY_OPO,
    ),
    Mutation("the rest of the proceeds stays held", LISTS, "self.trading.release_claim(first, 0)", "pass", EVERY_OPO),
    Mutation(
        "a sale at any price is asked LOT_SIZE alone",
        PROCEEDS,
        "if market.market_max_quantity and has_no_price",
        "if False and has_no_price",
        EVERY_OPO,
    ),
    Mutation(
        "the second of a pair is not looked at",
        PROCEEDS,
        "return is_unpriced(order_list.second) if order_list.second else False",
        "return False",
        EVERY_OPO,
    ),
    Mutation(
        "the greater step is enough for both",
        PROCEEDS,
        "return one * parts if one <= most // parts else most + 1",
        "return max(one, other)",
        EVERY_OPO,
    ),
    Mutation(
        "what its sale waits for need not be amended",
        CHECKS,
        "return codes.AMENDS_PENDING_OPO",
        "return 0",
        ("tests/golden/test_golden.py", "-k", "opo"),
    ),
    Mutation(
        "a switch of its parts does not switch it off",
        LIST_CHECKS,
        "off = codes.OTO_OFF | codes.OPO_OFF",
        "off = codes.OPO_OFF",
        ("tests/golden/test_golden.py", "-k", "opo"),
    ),
    Mutation(
        "a maker's proceeds are not kept",
        "exchange/core/matching/trading.py",
        "        if proceeds.are_kept(order):\n            received",
        "        if False:\n            received",
        EVERY_OPO,
    ),
    Mutation(
        "the audit takes any proceeds",
        "exchange/audit/money.py",
        "if told != expected:",
        "if False:",
        ("tests/unit/audit/test_checks.py",),
    ),
    Mutation(
        "the audit takes any size",
        "exchange/audit/money.py",
        "if words[at + 8] != lots:",
        "if False:",
        ("tests/unit/audit/test_checks.py", "-k", "whatever or something"),
    ),
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
        MATCHING,
        "return max(worst_key, least)",
        "return max(worst_key, least - 1)",
        EVERY_RANGE,
    ),
    Mutation("a price that is too good is taken", MATCHING, "if best.key > most:", "if 0:", EVERY_RANGE),
    Mutation(
        "a peg looks at the other side",
        PEGS,
        "(side == codes.BUY) == (price_kind == codes.PRIMARY_PEG)",
        "(side == codes.BUY) != (price_kind == codes.PRIMARY_PEG)",
        EVERY_PEG,
    ),
    Mutation("a level further", PEGS, "while level and offset > 0:", "while level and offset >= 0:", EVERY_PEG),
    Mutation("a hundred and one levels", PEGS, "codes.PEG_OFFSET_MAX if", "codes.PEG_OFFSET_MAX + 1 if", EVERY_PEG),
    Mutation(
        "a maker may be pegged to the other side",
        PEGS,
        "order_type == codes.LIMIT_MAKER and peg.price_kind != codes.PRIMARY_PEG",
        "False",
        EVERY_PEG,
    ),
    Mutation(
        "a price sent beside a peg is not asked",
        CHECKS,
        "code = self.wrong_terms(row, market, side, row.price) if row.price else 0",
        "code = 0",
        EVERY_PEG,
    ),
    Mutation(
        "a peg of its own side may be good for once",
        PEGS,
        " and row.flags.time_in_force != codes.GTC:",
        " and row.flags.time_in_force == codes.FOK:",
        EVERY_PEG,
    ),
    Mutation(
        "a stop is pegged to what it cannot pay",
        LIST_CHECKS,
        "return codes.INSUFFICIENT_FUNDS if self.need - order.held > cell.available else 0",
        "return 0",
        PEGS_IN_WORDS,
    ),
    Mutation(
        "no filter is asked where a stop takes its price",
        LIST_CHECKS,
        "self.price, order.remaining, 0, 0, 0, 1)\n        if code:",
        "self.price, order.remaining, 0, 0, 0, 1)\n        if 0:",
        PEGS_IN_WORDS,
    ),
    Mutation(
        "an auction has a best price",
        PEGS,
        "enters and order_type <= codes.LIMIT_MAKER and market.status == codes.AUCTION",
        "False",
        PEGS_IN_WORDS,
    ),
    Mutation(
        "pegs were always known",
        "exchange/core/rules.py",
        "state.is_active(Rule.PEGS)",
        "True",
        ("tests/property/test_rule_versions.py",),
    ),
    Mutation(
        "a snapshot forgets what was sent beside a peg",
        "exchange/core/matching/encoding.py",
        "order.details.sent_price = reader.take()",
        "reader.take()",
        ("tests/property/test_rule_versions.py",),
    ),
    Mutation(
        "any price will do for a peg",
        "exchange/audit/pegs.py",
        'return "" if there == price else',
        'return "" if True else',
        ("tests/unit/audit/test_checks.py",),
    ),
)
