// The reference that the core's speed is held against: what a good C++ programmer would write without an exchange's
// duties around it.
//
//     reference FILE [RUNS]
//
// reads a workload (bench/workloads.py tells the format: a head of 16 words, the funding, then rows of 128 bytes, each
// followed by its extensions of 64 bytes), applies it RUNS times to a new exchange each, and prints one line of JSON:
// counts, a checksum of all balances, and the median of the CPU seconds that the commands after the prefill took.
//
// It has: price-time priority; a ledger with available and held amounts; fees in parts per million of what each side
// receives, rounded up; LIMIT (GTC, IOC, FOK), LIMIT_MAKER, MARKET by quantity; expiry of the taker on a self-trade;
// cancel by order id, by the owner only; sales that wait for a falling price (STOP_LOSS), and the cascades that come of
// them. All its tables grow.
//
// It lacks what the core does besides, on the same rows:
//     - events: it tells nobody what happened; the core writes 64 to 320 bytes about every step
//     - filters: price, lot size, notional, percent price around an average price, most open orders
//     - client ids: neither kept nor searched for duplicates, and no cancel by them; no strategy numbers
//     - keys and rights, accounts that are disabled, markets that are closed, malformed rows
//     - seats: an account's open orders in a market, to cancel or count them all
//     - orders that wait for a rising price or follow it, a bound on a cascade, cancels of what waits
//     - other self-trade modes, trade groups, tiers of fees, MARKET by quote quantity, times, execution ids
//     - a bound on any product, checked arithmetic, a claim kept per order and asserted to be spent
//     - a state hash, a canonical encoding, growth without a stall
// A MARKET purchase is checked against the price of what the book offers, own orders included; the core looks closer.

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "reference.hpp"

namespace {

enum Kind : Word { PLACE = 1, CANCEL = 2 };
enum Type : std::uint8_t { LIMIT = 1, MARKET = 2, LIMIT_MAKER = 3, STOP_LOSS = 4 };
enum TimeInForce : std::uint8_t { GTC = 1, IOC = 2, FOK = 3 };

constexpr Word EXTERNAL_ACCOUNT = 1;
constexpr Word FEES_ACCOUNT = 2;
constexpr Word FIRST_ACCOUNT = 16;
constexpr Word QUOTE_ASSET = 1;
constexpr Word EXTENSION_BYTES = 64;
constexpr Word PPM = 1'000'000;
constexpr Word MAGIC = 0x4b524f5745504154;  // "TAPEWORK"
constexpr Word VERSION = 1;
constexpr Word LOWEST_KEY = INT64_MIN;
constexpr Word NO_PRICE = INT64_MAX;

struct Head {
    Word magic, version, markets, accounts, prefill_commands, commands, fundings, prefill_bytes, bytes;
    Word base_per_lot, quote_per_tick_lot, maker_ppm, taker_ppm, spare[3];
};
static_assert(sizeof(Head) == 128, "a head is 16 words");

struct Row {
    Word kind, rows, extensions, market, account, key;
    std::uint8_t side, type, time_in_force, other_flags[5];
    Word price, quantity, quote_quantity, order_id, client_id[5];
};
static_assert(sizeof(Row) == 128, "a row is 16 words");

struct Funding {
    Word account, asset, amount;
};

struct Balance {
    Word available = 0, held = 0;
};

// Sales that wait, by the price they wait for: the highest first, the oldest first at one price.
using Stops = std::map<Word, std::deque<Row>, std::greater<Word>>;

struct Market {
    Word base_asset = 0, trades = 0;
    Word last_price = NO_PRICE;  // of a trade
    Word lowest = NO_PRICE;      // of the trades of this command
    Ladder sides[2];
    Stops stops;
};

Word fee(Word amount, Word ppm) { return amount / PPM * ppm + (amount % PPM * ppm + PPM - 1) / PPM; }

Word key_of(Side side, Word price) { return side == BUY ? price : -price; }

Side other(Side side) { return side == BUY ? SELL : BUY; }

class Exchange {
public:
    explicit Exchange(const Head& head) : head_(head), assets_(head.markets + 2), markets_(head.markets + 1) {
        balances_.resize((FIRST_ACCOUNT + head.accounts) * assets_);
        for (Word number = 1; number <= head.markets; ++number) markets_[number].base_asset = QUOTE_ASSET + number;
    }

    void fund(const Funding& funding) {
        balance(EXTERNAL_ACCOUNT, funding.asset).available -= funding.amount;
        balance(funding.account, funding.asset).available += funding.amount;
    }

    void apply(const char* rows, const char* end) {
        while (rows < end) {
            const Row& row = *reinterpret_cast<const Row*>(rows);
            if (row.kind == PLACE)
                place(row);
            else
                cancel(row);
            rows += sizeof(Row) + row.extensions * EXTENSION_BYTES;
        }
    }

    Word trades() const {
        Word sum = 0;
        for (const Market& market : markets_) sum += market.trades;
        return sum;
    }
    Word rejects() const { return rejects_; }
    Word open_orders() const { return static_cast<Word>(orders_.size()); }

    // FNV-1a over words: available and held of every asset of every account, accounts first.
    std::uint64_t checksum() const {
        std::uint64_t hash = 0xcbf29ce484222325u;
        for (Word account = 1; account < FIRST_ACCOUNT + head_.accounts; ++account)
            for (Word asset = QUOTE_ASSET; asset < assets_; ++asset) {
                const Balance& cell = balances_[account * assets_ + asset];
                hash = (hash ^ static_cast<std::uint64_t>(cell.available)) * 0x100000001b3u;
                hash = (hash ^ static_cast<std::uint64_t>(cell.held)) * 0x100000001b3u;
            }
        return hash;
    }

private:
    // The sums of what one taker traded.
    struct Fills {
        Word lots = 0, base = 0, quote = 0, taker_fees = 0, maker_fees = 0;
        bool met_itself = false;
    };

    Balance& balance(Word account, Word asset) { return balances_[account * assets_ + asset]; }
    Word quote_units(Word price, Word quantity) const { return price * quantity * head_.quote_per_tick_lot; }
    Word claim(Side side, Word price, Word quantity) const {
        return side == BUY ? quote_units(price, quantity) : quantity * head_.base_per_lot;
    }

    void place(const Row& row) {
        Market& market = markets_[row.market];
        if (row.type == STOP_LOSS)
            wait(market, row);
        else
            work(market, row);
        // Each order that is set off may set off others by its own trades.
        while (!market.stops.empty() && market.stops.begin()->first >= market.lowest) enter(market);
        market.lowest = NO_PRICE;
    }

    // Keep a sale until a trade is at its price or below; its lots are held meanwhile.
    void wait(Market& market, const Row& row) {
        const Word waits_for = reinterpret_cast<const Word*>(&row + 1)[1];
        const Word held = claim(SELL, 0, row.quantity);
        Balance& paying = balance(row.account, market.base_asset);
        if (waits_for >= market.last_price || paying.available < held) {
            ++rejects_;
            return;
        }
        ++next_order_id_;
        paying.available -= held;
        paying.held += held;
        market.stops[waits_for].push_back(row);
    }

    // Let the sale that is next work as a MARKET order.
    void enter(Market& market) {
        auto at = market.stops.begin();
        const Row row = at->second.front();
        at->second.pop_front();
        if (at->second.empty()) market.stops.erase(at);
        const Fills fills = match(market, row, SELL, LOWEST_KEY);
        settle_taker(market, row.account, SELL, fills);
        Balance& paying = balance(row.account, market.base_asset);
        const Word left = claim(SELL, 0, row.quantity - fills.lots);
        paying.held -= left;
        paying.available += left;
    }

    void work(Market& market, const Row& row) {
        const Side side = static_cast<Side>(row.side);
        const Ladder& opposite = market.sides[other(side)];
        const Word limit = row.type == MARKET ? LOWEST_KEY : -key_of(side, row.price);
        const bool crosses = opposite.reaches(limit);
        if (row.type == LIMIT_MAKER && crosses) {
            ++rejects_;
            return;
        }
        Balance& paying = balance(row.account, side == BUY ? QUOTE_ASSET : market.base_asset);
        Word held = row.type == MARKET && side == BUY ? cost(opposite, row.quantity)
                                                      : claim(side, row.price, row.quantity);
        if (paying.available < held) {
            ++rejects_;
            return;
        }
        const Word id = next_order_id_++;
        paying.available -= held;
        paying.held += held;
        Fills fills;
        if (crosses && (row.time_in_force != FOK || is_fillable(opposite, row, limit))) {
            fills = match(market, row, side, limit);
            held -= settle_taker(market, row.account, side, fills);
        }
        const Word remaining = row.quantity - fills.lots;
        const bool rests = remaining > 0 && !fills.met_itself && row.type != MARKET && row.time_in_force == GTC;
        const Word kept = rests ? claim(side, row.price, remaining) : 0;
        paying.held -= held - kept;
        paying.available += held - kept;
        if (rests) rest(market, row, id, side, remaining);
    }

    // What a MARKET purchase of that many lots would cost now.
    Word cost(const Ladder& asks, Word quantity) const {
        Word sum = 0;
        for (std::size_t rank = 0; rank < asks.size() && quantity > 0; ++rank) {
            const Level* level = asks.from_best(rank);
            const Word lots = std::min(level->quantity, quantity);
            sum += quote_units(-level->key, lots);
            quantity -= lots;
        }
        return sum;
    }

    // Whether all of a fill-or-kill order would trade now: an own order in the way would end it.
    static bool is_fillable(const Ladder& opposite, const Row& row, Word limit) {
        Word wanted = row.quantity;
        for (std::size_t rank = 0; rank < opposite.size(); ++rank) {
            const Level* level = opposite.from_best(rank);
            if (level->key < limit) return false;
            for (const Order* order = level->first; order; order = order->next) {
                if (order->account == row.account) return false;
                wanted -= order->remaining;
                if (wanted <= 0) return true;
            }
        }
        return false;
    }

    Fills match(Market& market, const Row& row, Side side, Word limit) {
        Ladder& opposite = market.sides[other(side)];
        Fills fills;
        while (fills.lots < row.quantity && opposite.reaches(limit)) {
            Order* maker = opposite.best()->first;
            if (maker->account == row.account) {
                fills.met_itself = true;
                break;
            }
            trade(market, side, maker, std::min(row.quantity - fills.lots, maker->remaining), fills);
            if (maker->remaining == 0) forget(market, maker);
        }
        return fills;
    }

    // One trade at the maker's price: the maker is settled, the taker's part is summed up.
    void trade(Market& market, Side taker_side, Order* maker, Word quantity, Fills& fills) {
        const Word base = quantity * head_.base_per_lot;
        const Word quote = quote_units(maker->price, quantity);
        Balance& maker_base = balance(maker->account, market.base_asset);
        Balance& maker_quote = balance(maker->account, QUOTE_ASSET);
        if (taker_side == BUY) {
            const Word maker_fee = fee(quote, head_.maker_ppm);
            maker_base.held -= base;
            maker_quote.available += quote - maker_fee;
            fills.maker_fees += maker_fee;
            fills.taker_fees += fee(base, head_.taker_ppm);
        } else {
            const Word maker_fee = fee(base, head_.maker_ppm);
            maker_quote.held -= quote;
            maker_base.available += base - maker_fee;
            fills.maker_fees += maker_fee;
            fills.taker_fees += fee(quote, head_.taker_ppm);
        }
        fills.lots += quantity;
        fills.base += base;
        fills.quote += quote;
        maker->remaining -= quantity;
        maker->level->quantity -= quantity;
        market.last_price = maker->price;
        market.lowest = std::min(market.lowest, maker->price);
        ++market.trades;
    }

    // Post the sums of a taker; returns what it paid of what it held.
    Word settle_taker(const Market& market, Word account, Side side, const Fills& fills) {
        const Word base_asset = market.base_asset;
        if (side == BUY) {
            balance(account, QUOTE_ASSET).held -= fills.quote;
            balance(account, base_asset).available += fills.base - fills.taker_fees;
            balance(FEES_ACCOUNT, base_asset).available += fills.taker_fees;
            balance(FEES_ACCOUNT, QUOTE_ASSET).available += fills.maker_fees;
            return fills.quote;
        }
        balance(account, base_asset).held -= fills.base;
        balance(account, QUOTE_ASSET).available += fills.quote - fills.taker_fees;
        balance(FEES_ACCOUNT, QUOTE_ASSET).available += fills.taker_fees;
        balance(FEES_ACCOUNT, base_asset).available += fills.maker_fees;
        return fills.base;
    }

    void rest(Market& market, const Row& row, Word id, Side side, Word remaining) {
        Level* level = market.sides[side].find_or_insert(key_of(side, row.price), level_pool_);
        Order* order = order_pool_.take();
        *order = Order{id,   row.price, remaining, static_cast<std::int32_t>(row.account),
                       static_cast<std::int16_t>(row.market), side, level, nullptr, level->last};
        (level->last ? level->last->next : level->first) = order;
        level->last = order;
        level->quantity += remaining;
        orders_.insert(order);
    }

    void cancel(const Row& row) {
        Order* order = orders_.find(row.order_id);
        if (!order || order->account != row.account || order->market != row.market) {
            ++rejects_;
            return;
        }
        Market& market = markets_[order->market];
        const Word amount = claim(order->side, order->price, order->remaining);
        Balance& cell = balance(order->account, order->side == BUY ? QUOTE_ASSET : market.base_asset);
        cell.held -= amount;
        cell.available += amount;
        forget(market, order);
    }

    // Take an order out of its queue, and its level out of the book when it was the last.
    void forget(Market& market, Order* order) {
        Level* level = order->level;
        level->quantity -= order->remaining;
        (order->previous ? order->previous->next : level->first) = order->next;
        (order->next ? order->next->previous : level->last) = order->previous;
        if (!level->first) market.sides[order->side].remove(level, level_pool_);
        orders_.remove(order->id);
        order_pool_.give(order);
    }

    const Head head_;
    const Word assets_;
    std::vector<Market> markets_;    // by market number; 0 is none
    std::vector<Balance> balances_;  // by account, then asset
    OrderTable orders_;
    Pool<Order> order_pool_;
    Pool<Level> level_pool_;
    Word next_order_id_ = 1, rejects_ = 0;
};

std::vector<char> read_file(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) return {};
    std::fseek(file, 0, SEEK_END);
    std::vector<char> bytes(static_cast<std::size_t>(std::ftell(file)));
    std::rewind(file);
    const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    return got == bytes.size() ? bytes : std::vector<char>{};
}

double cpu_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: reference FILE [RUNS]\n");
        return 2;
    }
    const std::vector<char> bytes = read_file(arguments[1]);
    Head head;
    if (bytes.size() >= sizeof head) std::memcpy(&head, bytes.data(), sizeof head);
    if (bytes.size() < sizeof head || head.magic != MAGIC || head.version != VERSION ||
        bytes.size() != sizeof head + head.fundings * sizeof(Funding) + head.prefill_bytes + head.bytes) {
        std::fprintf(stderr, "%s is not a workload of version %ld\n", arguments[1], static_cast<long>(VERSION));
        return 1;
    }
    const Funding* funding = reinterpret_cast<const Funding*>(bytes.data() + sizeof head);
    const char* prefill = reinterpret_cast<const char*>(funding + head.fundings);
    const char* start = prefill + head.prefill_bytes;
    const int runs = count > 2 ? std::max(1, std::atoi(arguments[2])) : 5;
    std::vector<double> seconds;
    std::unique_ptr<Exchange> exchange;
    for (int run = 0; run < runs; ++run) {
        exchange = std::make_unique<Exchange>(head);
        std::for_each(funding, funding + head.fundings, [&](const Funding& each) { exchange->fund(each); });
        exchange->apply(prefill, start);
        const double began = cpu_seconds();
        exchange->apply(start, start + head.bytes);
        seconds.push_back(cpu_seconds() - began);
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("{\"trades\": %ld, \"rejects\": %ld, \"open_orders\": %ld, \"checksum\": %lu, \"cpu_seconds\": %.9f}\n",
                static_cast<long>(exchange->trades()), static_cast<long>(exchange->rejects()),
                static_cast<long>(exchange->open_orders()), static_cast<unsigned long>(exchange->checksum()),
                seconds[seconds.size() / 2]);
    return 0;
}
