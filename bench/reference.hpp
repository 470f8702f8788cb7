// The containers of reference.cpp: orders and levels, a pool for them, open orders by id, one side of a book.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using Word = std::int64_t;

enum Side : std::uint8_t { BUY = 0, SELL = 1 };

struct Level;

struct Order {
    Word id, price, remaining;
    std::int32_t account;
    std::int16_t market;
    Side side;
    Level* level;
    Order *next, *previous;
};

// The orders of one price, oldest first. `key` grows with priority: the price of a bid, minus the price of an ask.
struct Level {
    Word key, quantity;
    Order *first, *last;
};

// Objects of one type, taken from slabs and given back to a free list, so that an order costs no call of malloc.
template <class T>
class Pool {
public:
    T* take() {
        if (free_.empty()) add_slab();
        T* taken = free_.back();
        free_.pop_back();
        return taken;
    }
    void give(T* object) { free_.push_back(object); }

private:
    static constexpr std::size_t SLAB = 1024;
    void add_slab() {
        slabs_.push_back(std::make_unique<T[]>(SLAB));
        // Backwards, so that neighbours are handed out one after the other.
        for (std::size_t n = SLAB; n-- > 0;) free_.push_back(&slabs_.back()[n]);
    }
    std::vector<std::unique_ptr<T[]>> slabs_;
    std::vector<T*> free_;
};

// Open orders by id: open addressing with linear probing, never more than half full.
class OrderTable {
public:
    std::size_t size() const { return count_; }

    void insert(Order* order) {
        if (2 * (count_ + 1) > slots_.size()) grow();
        place(order);
        ++count_;
    }

    Order* find(Word id) const {
        for (std::size_t at = home(id);; at = next(at)) {
            if (slots_[at].id == id) return slots_[at].order;
            if (slots_[at].id == 0) return nullptr;
        }
    }

    // Later entries of the run move up into the gap, so that no marks of deleted entries pile up.
    void remove(Word id) {
        std::size_t gap = home(id);
        while (slots_[gap].id != id) gap = next(gap);
        for (std::size_t at = next(gap); slots_[at].id != 0; at = next(at)) {
            if (distance(home(slots_[at].id), at) >= distance(gap, at)) {
                slots_[gap] = slots_[at];
                gap = at;
            }
        }
        slots_[gap] = Slot{};
        --count_;
    }

private:
    struct Slot {
        Word id = 0;
        Order* order = nullptr;
    };

    // Ids count up: multiplying by 2^64 / golden ratio spreads neighbours evenly.
    std::size_t home(Word id) const { return (static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15u) >> shift_; }
    std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
    std::size_t distance(std::size_t from, std::size_t to) const { return (to - from) & (slots_.size() - 1); }

    void place(Order* order) {
        std::size_t at = home(order->id);
        while (slots_[at].id != 0) at = next(at);
        slots_[at] = Slot{order->id, order};
    }

    void grow() {
        std::vector<Slot> old(2 * slots_.size());
        old.swap(slots_);
        --shift_;
        for (const Slot& slot : old)
            if (slot.id != 0) place(slot.order);
    }

    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    int shift_ = 64 - 10;
    std::size_t count_ = 0;
};

// One side of a book: its levels sorted by key, the best at the back, where most of them come and go.
class Ladder {
public:
    Level* best() const { return levels_.empty() ? nullptr : levels_.back().level; }
    std::size_t size() const { return levels_.size(); }
    Level* from_best(std::size_t rank) const { return levels_[levels_.size() - 1 - rank].level; }
    bool reaches(Word key) const { return !levels_.empty() && levels_.back().key >= key; }

    Level* find_or_insert(Word key, Pool<Level>& pool) {
        auto at = position(key);
        if (at != levels_.end() && at->key == key) return at->level;
        Level* level = pool.take();
        *level = Level{key, 0, nullptr, nullptr};
        levels_.insert(at, Entry{key, level});
        return level;
    }

    void remove(Level* level, Pool<Level>& pool) {
        levels_.erase(position(level->key));
        pool.give(level);
    }

private:
    struct Entry {
        Word key;
        Level* level;
    };
    std::vector<Entry>::iterator position(Word key) {
        return std::lower_bound(levels_.begin(), levels_.end(), key,
                                [](const Entry& entry, Word wanted) { return entry.key < wanted; });
    }
    std::vector<Entry> levels_;
};

}  // namespace
