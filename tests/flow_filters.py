"""Filters of markets for the random flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.verifier.state import FILTERS

if TYPE_CHECKING:
    from tests.flows import Flow

OPERATOR = 0
NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH = 1, 2, 3, 4


def filters(market_id: int, **values: int) -> list[Any]:
    """A SetFilters that lets everything through but what `values` says."""
    wide = dict.fromkeys(FILTERS, 0)
    wide |= {"min_price": 1, "max_price": 10**6, "price_step": 1, "min_quantity": 1, "max_quantity": 10**6}
    wide |= {"quantity_step": 1, "max_orders": 200, "default_self_trade": NONE, "allowed_self_trade": 124}
    return [13, OPERATOR, market_id, *(wide | values).values()]


def some_filters(flow: Flow, market_id: int, *, is_wide: bool = False) -> list[Any]:
    """Filters that leave most orders through, around the middle price of the market."""
    random = flow.random
    middle = flow.middle(market_id)
    values = {
        "min_price": random.choice([1, 1, middle - 5]),
        "max_price": random.choice([10 * middle, middle + 5]),
        "max_quantity": random.choice([50, 500, 500]),
        "max_orders": random.choice([1, 4, 50, 50]),
        "default_self_trade": random.choice([NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, 6]),
        "allowed_self_trade": 124,
        "average_minutes": random.choice([0, 1, 5]),
    }
    if not is_wide:
        values |= {
            "price_step": random.choice([1, 1, 2]),
            "min_quantity": random.choice([1, 2, 3]),
            "quantity_step": random.choice([1, 1, 2, 3]),
            "market_min_quantity": random.choice([0, 0, 4]),
            "market_max_quantity": random.choice([0, 0, 40]),
            "market_quantity_step": random.choice([0, 0, 2]),
            "min_notional": random.choice([0, 5 * middle]),
            "max_notional": random.choice([0, 0, 400 * middle]),
            "apply_min_to_market": random.randrange(2),
            "apply_max_to_market": random.randrange(2),
            "bid_up_ppm": random.choice([0, 1_100_000, 2_000_000]),
            "bid_down_ppm": random.choice([0, 900_000, 500_000]),
            "ask_up_ppm": random.choice([0, 1_100_000, 2_000_000]),
            "ask_down_ppm": random.choice([0, 900_000, 500_000]),
        }
        allowed = random.choice([124, 124, 60, 1 << values["default_self_trade"] & 124])
        values["allowed_self_trade"] = allowed | (1 << values["default_self_trade"] & 124)
        if random.random() < 0.5:
            values |= {
                "up_ppm": random.choice([0, 1_200_000]),
                "down_ppm": random.choice([0, 800_000]),
                "min_trailing_above": random.choice([0, 200]),
                "max_trailing_above": random.choice([0, 1_500]),
                "min_trailing_below": random.choice([0, 200]),
                "max_trailing_below": random.choice([0, 1_500]),
                "max_algo_orders": random.choice([0, 2]),
                "max_iceberg_orders": random.choice([0, 1, 1]),
                "iceberg_parts": random.choice([0, 10]),
                "max_amends": random.choice([0, 1]),
                "max_position": random.choice([0, 0, 100]),
                "max_lists": random.choice([0, 0, 1, 2]),
            }
    return filters(market_id, **values)
