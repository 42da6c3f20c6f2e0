#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace offboard::policy {

/// The waiting line of one lane, and how calls are packed from it. Sans-I/O; owned by a lane, one thread.
///
/// An `Item` is what wants an answer: a step of an operation. Items with an equal `dedup_key` share one
/// place, and each of them gets the outcome of the place. Places are dealt round-robin over `turn`s
/// (operations), so that a bulk request cannot starve a single one. Two places of one call never have the
/// same `identity` (a vendor's answer could not tell them apart).
template <class Item>
class packer {
public:
    struct place {
        std::string dedup_key;
        std::string identity;
        std::vector<Item> items;
    };
    using group = std::vector<place>;

    packer() = default;
    packer(const packer&) = delete; // its parts point into each other
    packer& operator=(const packer&) = delete;

    void push(std::string_view turn, std::string dedup_key, std::string identity, Item item) {
        ++items_;
        if (const auto at = waiting_.find(dedup_key); at != waiting_.end()) {
            at->second->items.push_back(std::move(item));
            return;
        }
        queue& q = queue_of(turn);
        q.places.push_back({dedup_key, std::move(identity), {}});
        q.places.back().items.push_back(std::move(item));
        waiting_.emplace(std::move(dedup_key), std::prev(q.places.end()));
        ++places_;
    }

    /// A group to be sent again as a call of its own, without other customers: its predecessor's answer could
    /// not be told apart. Isolated calls go before everything else.
    void push_isolated(group g) {
        for (const place& p : g)
            items_ += p.items.size();
        // The newest first: a part is followed down to its single places before the next part is tried.
        isolated_.push_front(std::move(g));
    }

    /// A group whose call failed: sent again as a call of its own, behind the groups that wait already.
    void push_failed(group g) {
        for (const place& p : g)
            items_ += p.items.size();
        isolated_.push_back(std::move(g));
    }

    bool has_isolated() const noexcept { return !isolated_.empty(); }
    /// Distinct places waiting, isolated ones not counted.
    std::size_t places() const noexcept { return places_; }
    /// Asks waiting, all of them.
    std::size_t items() const noexcept { return items_; }
    bool empty() const noexcept { return items_ == 0; }
    /// Operations that have a place waiting.
    std::size_t turns() const noexcept { return ring_.size(); }

    /// Calls `look` with the first item of each turn and of each isolated group: the longest waiting is among
    /// them.
    template <class Look>
    void for_each_front(Look look) const {
        for (const queue& q : ring_)
            look(q.places.front().items.front());
        for (const group& g : isolated_)
            look(g.front().items.front());
    }

    /// The next call: an isolated group whole, else up to `cap` places. Empty only when nothing waits.
    group take(std::size_t cap) { return isolated_.empty() ? take_ordinary(cap) : take_isolated(); }

    /// The next isolated group, whole. There is one.
    group take_isolated() {
        group out = std::move(isolated_.front());
        isolated_.pop_front();
        return taken(std::move(out));
    }

    /// Up to `cap` places that are in no isolated group.
    group take_ordinary(std::size_t cap) {
        group out;
        deal(cap, out);
        return taken(std::move(out));
    }

    /// A place that waits; null when none does.
    const place* any() const noexcept {
        if (!ring_.empty()) return &ring_.front().places.front();
        return isolated_.empty() ? nullptr : &isolated_.front().front();
    }

    /// The least rank of a place that waits; nothing when none waits. `rank` gives a place a number. Only the
    /// first places of the first turns and the first isolated groups are looked at: most_looks of each.
    template <class Rank>
    std::optional<std::uint64_t> least(Rank rank) const {
        std::optional<std::uint64_t> best;
        std::size_t looks = 0;
        for (auto q = ring_.begin(); q != ring_.end() && looks < most_looks; ++q)
            for (auto p = q->places.begin(); p != q->places.end() && looks < most_looks; ++p, ++looks)
                best = std::min(best.value_or(std::numeric_limits<std::uint64_t>::max()), rank(*p));
        looks = 0;
        for (auto g = isolated_.begin(); g != isolated_.end() && looks < most_looks; ++g)
            for (auto p = g->begin(); p != g->end() && looks < most_looks; ++p, ++looks)
                best = std::min(best.value_or(std::numeric_limits<std::uint64_t>::max()), rank(*p));
        return best;
    }

    /// A call of one place: the first of those with the least rank, as of least(). Empty when nothing waits.
    template <class Rank>
    group take_one(Rank rank) {
        group out;
        const std::optional<std::uint64_t> best = least(rank);
        if (!best) return out;
        for (auto q = ring_.begin(); q != ring_.end() && out.empty(); ++q)
            for (auto p = q->places.begin(); p != q->places.end() && out.empty(); ++p)
                if (rank(*p) == *best) {
                    take_from(q, p, out);
                    return taken(std::move(out));
                }
        for (auto g = isolated_.begin(); g != isolated_.end(); ++g)
            for (auto p = g->begin(); p != g->end(); ++p)
                if (rank(*p) == *best) {
                    out.push_back(std::move(*p));
                    g->erase(p);
                    if (g->empty()) isolated_.erase(g);
                    return taken(std::move(out));
                }
        return out;
    }

private:
    static constexpr std::size_t most_looks = 256;

    group taken(group out) {
        for (const place& p : out)
            items_ -= p.items.size();
        return out;
    }

    struct queue {
        std::string turn;
        std::list<place> places;
    };
    using ring = std::list<queue>;

    queue& queue_of(std::string_view turn) {
        const auto at = turns_.find(std::string(turn));
        if (at != turns_.end()) return *at->second;
        ring_.push_back({std::string(turn), {}});
        turns_.emplace(ring_.back().turn, std::prev(ring_.end()));
        return ring_.back();
    }

    void deal(std::size_t cap, group& out) {
        std::unordered_map<std::string, bool> taken;
        std::size_t passed_over = 0; // turns in a row that had nothing for this call
        while (out.size() < cap && !ring_.empty() && passed_over < ring_.size()) {
            queue& q = ring_.front();
            auto at = q.places.begin();
            // Looks a little way past places whose `identity` is in the call already; they wait for the next
            // one.
            for (int looks = 0; at != q.places.end() && looks < 4 && taken.contains(at->identity); ++looks)
                ++at;
            if (at == q.places.end() || taken.contains(at->identity)) {
                ++passed_over;
                ring_.splice(ring_.end(), ring_, ring_.begin());
                continue;
            }
            passed_over = 0;
            taken.emplace(at->identity, true);
            take_from(ring_.begin(), at, out);
        }
    }

    /// Moves a place out of its turn; the turn goes to the end of the ring.
    void take_from(typename ring::iterator q, typename std::list<place>::iterator p, group& out) {
        waiting_.erase(p->dedup_key);
        out.push_back(std::move(*p));
        q->places.erase(p);
        --places_;
        if (q->places.empty()) {
            turns_.erase(q->turn);
            ring_.erase(q);
        } else {
            ring_.splice(ring_.end(), ring_, q);
        }
    }

    ring ring_;
    std::unordered_map<std::string, typename ring::iterator> turns_;
    std::unordered_map<std::string, typename std::list<place>::iterator> waiting_;
    std::deque<group> isolated_;
    std::size_t places_ = 0;
    std::size_t items_ = 0;
};

/// Takes the first place of a group apart from the others.
template <class Place>
std::pair<std::vector<Place>, std::vector<Place>> peel(std::vector<Place> group) {
    std::vector<Place> rest(std::make_move_iterator(group.begin() + 1), std::make_move_iterator(group.end()));
    group.erase(group.begin() + 1, group.end());
    return {std::move(group), std::move(rest)};
}

/// Cuts what an answer left unsettled into two smaller calls, so that each part is nearer to being told
/// apart.
template <class Place>
std::pair<std::vector<Place>, std::vector<Place>> halve(std::vector<Place> group) {
    const auto middle = static_cast<std::ptrdiff_t>((group.size() + 1) / 2);
    std::vector<Place> second(std::make_move_iterator(group.begin() + middle),
                              std::make_move_iterator(group.end()));
    group.erase(group.begin() + middle, group.end());
    return {std::move(group), std::move(second)};
}

} // namespace offboard::policy
