#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace offboard {

/// A credential. It cannot be printed, compared or converted by accident; code that needs the text says
/// reveal(). The memory is wiped when it dies.
class secret {
public:
    secret() = default;
    explicit secret(std::string text) : text_(std::move(text)) {}
    secret(const secret&) = default;
    secret(secret&&) noexcept = default;
    secret& operator=(const secret&);
    secret& operator=(secret&&) noexcept;
    ~secret();

    std::string_view reveal() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }

private:
    void wipe() noexcept;
    std::string text_;
};

} // namespace offboard
