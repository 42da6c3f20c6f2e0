#include "system.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace offboard::app {

std::uint64_t system_random::next() {
    if (left_ == 0) {
        auto* bytes = reinterpret_cast<unsigned char*>(buffer_.data());
        if (RAND_bytes(bytes, static_cast<int>(sizeof buffer_)) != 1)
            throw std::runtime_error("no randomness");
        left_ = buffer_.size();
    }
    return buffer_[--left_];
}

} // namespace offboard::app
