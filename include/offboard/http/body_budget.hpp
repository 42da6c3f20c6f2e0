#pragma once

#include <cstddef>
#include <utility>

namespace offboard::http {

/// The bytes of request bodies that one server holds, and how many those may be. Outlives its leases.
class body_budget {
public:
    explicit body_budget(std::size_t most) noexcept : most_(most) {}
    body_budget(const body_budget&) = delete;
    body_budget& operator=(const body_budget&) = delete;

    std::size_t held() const noexcept { return held_; }
    /// False, and nothing is taken, when there are not so many left.
    bool take(std::size_t bytes) noexcept {
        if (bytes > most_ - held_) return false;
        held_ += bytes;
        return true;
    }
    void give_back(std::size_t bytes) noexcept { held_ -= bytes; }

private:
    const std::size_t most_;
    std::size_t held_ = 0;
};

/// A body's share of it. Stands beside the memory it is for, and goes when that goes.
class [[nodiscard]] body_lease {
public:
    body_lease() = default;
    body_lease(body_lease&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    body_lease& operator=(body_lease&& other) noexcept {
        if (this == &other) return *this;
        release();
        from_ = std::exchange(other.from_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
        return *this;
    }
    ~body_lease() { release(); }

    /// From now on at least so many bytes; always of the same budget. False, and all as it was, when there
    /// are not so many left.
    bool grow_to(body_budget& from, std::size_t bytes) noexcept {
        if (bytes <= bytes_) return true;
        if (!from.take(bytes - bytes_)) return false;
        from_ = &from;
        bytes_ = bytes;
        return true;
    }

    void release() noexcept {
        if (from_) from_->give_back(bytes_);
        from_ = nullptr;
        bytes_ = 0;
    }

private:
    body_budget* from_ = nullptr;
    std::size_t bytes_ = 0;
};

} // namespace offboard::http
