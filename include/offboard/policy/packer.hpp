#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace offboard::policy {

/// The waiting line of one lane, and how calls are packed from it. Sans-I/O; owned by a lane, one thread.
///
/// An `Ask` is whatever wants an answer (a step of an operation). Asks with an equal `fold` key share one
/// place, and each gets the place's outcome. Places are dealt round-robin over `turn`s (operations), so that
/// a bulk request cannot starve a single one. Two places of one call never have the same `who` (a vendor's
/// answer could not tell them apart).
template <class Ask>
class packer {
public:
    struct place {
        std::string fold;
        std::string who;
        std::vector<Ask> asks;
    };
    using call = std::vector<place>;

    packer() = default;
    packer(const packer&) = delete; // its parts point into each other
    packer& operator=(const packer&) = delete;

    void push(std::string_view turn, std::string fold, std::string who, Ask ask) {
        ++asks_;
        if (const auto at = waiting_.find(fold); at != waiting_.end()) {
            at->second->asks.push_back(std::move(ask));
            return;
        }
        queue& q = queue_of(turn);
        q.places.push_back({fold, std::move(who), {}});
        q.places.back().asks.push_back(std::move(ask));
        waiting_.emplace(std::move(fold), std::prev(q.places.end()));
        ++places_;
    }

    /// A group to be sent again as a call of its own, joined by nobody: its predecessor's answer could not be
    /// told apart. Isolated calls go before everything else.
    void push_isolated(call group) {
        for (const place& p : group)
            asks_ += p.asks.size();
        // The newest first: a part is followed down to its single places before the next part is tried.
        isolated_.push_front(std::move(group));
    }

    bool has_isolated() const noexcept { return !isolated_.empty(); }
    /// Distinct places waiting, isolated ones not counted.
    std::size_t places() const noexcept { return places_; }
    /// Asks waiting, all of them.
    std::size_t asks() const noexcept { return asks_; }
    bool empty() const noexcept { return asks_ == 0; }
    /// Operations that have a place waiting.
    std::size_t turns() const noexcept { return ring_.size(); }

    /// Calls `look` with the first ask of each turn and of each isolated group: the longest waiting is among
    /// them.
    template <class Look>
    void for_each_front(Look look) const {
        for (const queue& q : ring_)
            look(q.places.front().asks.front());
        for (const call& group : isolated_)
            look(group.front().asks.front());
    }

    /// The next call: an isolated group whole, else up to `cap` places. Empty only when nothing waits.
    call take(std::size_t cap) {
        call out;
        if (!isolated_.empty()) {
            out = std::move(isolated_.front());
            isolated_.pop_front();
        } else {
            deal(cap, out);
        }
        for (const place& p : out)
            asks_ -= p.asks.size();
        return out;
    }

private:
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

    void deal(std::size_t cap, call& out) {
        std::unordered_map<std::string, bool> taken;
        std::size_t passed_over = 0; // turns in a row that had nothing for this call
        while (out.size() < cap && !ring_.empty() && passed_over < ring_.size()) {
            queue& q = ring_.front();
            auto at = q.places.begin();
            // Looks a little way past places whose `who` is in the call already; they wait for the next one.
            for (int looks = 0; at != q.places.end() && looks < 4 && taken.contains(at->who); ++looks)
                ++at;
            if (at == q.places.end() || taken.contains(at->who)) {
                ++passed_over;
                ring_.splice(ring_.end(), ring_, ring_.begin());
                continue;
            }
            passed_over = 0;
            taken.emplace(at->who, true);
            waiting_.erase(at->fold);
            out.push_back(std::move(*at));
            q.places.erase(at);
            --places_;
            if (q.places.empty()) {
                turns_.erase(q.turn);
                ring_.pop_front();
            } else {
                ring_.splice(ring_.end(), ring_, ring_.begin());
            }
        }
    }

    ring ring_;
    std::unordered_map<std::string, typename ring::iterator> turns_;
    std::unordered_map<std::string, typename std::list<place>::iterator> waiting_;
    std::deque<call> isolated_;
    std::size_t places_ = 0;
    std::size_t asks_ = 0;
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
