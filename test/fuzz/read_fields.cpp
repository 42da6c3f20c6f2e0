// The header fields and targets that are taken apart by hand: of callers, and of vendors.
#include "offboard/api/idempotency_key.hpp"
#include "offboard/api/prefer.hpp"
#include "offboard/vendors/codec.hpp"
#include "require.hpp"
#include "target.hpp"

#include <cstdint>
#include <string>

using namespace offboard;
using fuzz::require;

namespace {

bool has_control(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
    return false;
}

void check_key(const std::string& text) {
    http::request asked;
    asked.headers = {{"idempotency-key", text}};
    const api::idempotency_key key = api::read_idempotency_key(asked);
    if (key.fault.empty()) require(!key.text.empty() && key.text.size() <= 255 && !has_control(key.text));
}

void check_target(const std::string& text) {
    http::request asked;
    asked.method = "GET";
    asked.target = text;
    if (!http::split_target(asked)) return;
    require(asked.path.front() == '/');
    const auto path = http::percent_decoded(asked.path);
    require(path && !has_control(*path));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const api::preferences prefer = api::read_prefer(text);
    require(!prefer.wait || prefer.wait->count() >= 0);
    check_key(text);
    check_target(text);
    if (http::is_authority(text)) require(!text.empty() && !has_control(text));

    incoming_response answer;
    answer.headers = {{"date", "Sun, 22 Nov 2026 10:00:00 GMT"}, {"retry-after", text}};
    const wall_time now{std::chrono::milliseconds(1'790'000'000'000)};
    const auto pause = vendors::asked_pause(answer, now);
    require(!pause || (pause->count() >= 1 && pause->count() <= 7 * 24 * 3600));
    return 0;
}
