#include "world.hpp"

#include "body.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sandbox {
namespace {

/// Tokens live until they run out; a client that asks for one per call must not fill the memory.
constexpr std::size_t most_tokens = 10'000;

struct pattern {
    std::string_view prefix;
    std::string_view suffix;
    nature what;
};

constexpr std::array<pattern, 4> patterns{{{"absent", "99404", nature::absent},
                                           {"fail", "99500", nature::failing},
                                           {"poison", "99400", nature::poison},
                                           {"down", "99503", nature::down}}};

} // namespace

bool takes(const std::vector<std::string>& secrets, std::string_view given) {
    return secrets.empty() ? given != "wrong"
                           : std::find(secrets.begin(), secrets.end(), given) != secrets.end();
}

nature nature_of(std::string_view identifier) {
    const bool number = all_digits(identifier);
    const std::string text = lower(identifier);
    for (const auto& p : patterns) {
        const bool matches = number ? identifier.ends_with(p.suffix) : text.starts_with(p.prefix);
        if (matches) {
            return p.what;
        }
    }
    return nature::ordinary;
}

std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t h = 14695981039346656037ULL;
    for (const char c : text) {
        h ^= static_cast<unsigned char>(c);
        h *= 1099511628211ULL;
    }
    // FNV alone leaves its low bits poor for short texts.
    h ^= h >> 32U;
    h *= 0x9E3779B97F4A7C15ULL;
    return h ^ (h >> 29U);
}

admission world::admit(micros now) {
    const std::int64_t window = now / options.rate_per;
    if (window != window_) {
        window_ = window;
        spent_ = 0;
    }
    ++spent_;
    admission a;
    a.limit = options.rate_calls;
    a.remaining = std::max<std::int64_t>(0, options.rate_calls - spent_);
    a.over = spent_ > options.rate_calls;
    const micros left = options.rate_per - now % options.rate_per;
    a.reset_s = (left.count() + 999'999) / 1'000'000;
    return a;
}

void world::restart_rate() {
    window_ = -1;
}

void world::keep_token(issuer who, std::string token, micros now) {
    auto& tokens = who == issuer::mention_me ? mention_me_tokens_ : capillary_tokens_;
    if (tokens.size() >= most_tokens) {
        std::erase_if(tokens, [now](const auto& t) { return t.second <= now; });
    }
    if (tokens.size() >= most_tokens) {
        const auto oldest = std::min_element(
            tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
        tokens.erase(oldest);
    }
    const std::int64_t life =
        who == issuer::mention_me ? options.mention_me_token_s : options.capillary_token_s;
    tokens[std::move(token)] = now + std::chrono::seconds(life);
}

bool world::token_valid(issuer who, const std::string& token, micros now) const {
    const auto& tokens = who == issuer::mention_me ? mention_me_tokens_ : capillary_tokens_;
    const auto found = tokens.find(token);
    return found != tokens.end() && now < found->second;
}

void world::drop_tokens() {
    mention_me_tokens_.clear();
    capillary_tokens_.clear();
}

std::int64_t world::entity_of(std::string_view identifier_name, std::string_view value) {
    if (identifier_name == "id") {
        std::int64_t number = 0;
        const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (fault == std::errc() && end == value.data() + value.size()) {
            return number;
        }
    }
    const std::string text =
        std::string(identifier_name) + ':' + (identifier_name == "email" ? lower(value) : std::string(value));
    // Twelve digits: past 32 bits, as the vendor's own numbers may be.
    return static_cast<std::int64_t>(100'000'000'000ULL + stable_hash(text) % 900'000'000'000ULL);
}

holding& world::holding_of(std::int64_t entity, const std::string& promotion) {
    const auto [at, fresh] = holdings_.try_emplace({entity, promotion});
    holding& h = at->second;
    if (fresh) {
        const std::uint64_t seed = stable_hash(std::to_string(entity) + '/' + promotion);
        const auto first = static_cast<std::int64_t>(1'000 + 10 * (seed % 90'000'000ULL));
        h.issual_id = first;
        // Promotion 4 was never issued to anybody.
        h.enrolled = promotion != "4";
        if (h.enrolled) {
            h.earns = {first + 1, first + 2};
        }
    }
    return h;
}

bool world::has_holding(std::int64_t entity, const std::string& promotion) const {
    return holdings_.contains({entity, promotion});
}

void world::reset() {
    *this = world();
}

} // namespace sandbox
