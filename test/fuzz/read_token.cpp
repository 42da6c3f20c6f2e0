// What is said of identity: callers' tokens, their issuers' key sets, and the vendors' answers to token
// calls. No input here is signed, so that no token may ever be believed.
#include "../vendors/second_look.hpp"
#include "offboard/vendors/auth.hpp"
#include "require.hpp"
#include "token.hpp"

#include <cstdint>
#include <string>

using namespace offboard;
using fuzz::require;

namespace {

// The public half of a key whose private half nobody has kept.
constexpr std::string_view issuer_keys = R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256",
"x":"CjZ65ATtiYHbGpfUB432w6g_8nVJve9POur0KKKPmiw","y":"u6yCnzS8MXm5phW7s8vj8IS2Q2dC9NBlHg3hMHeva5c"}]})";

void check_callers_token(std::string_view text) {
    static const api::key_set keys = [] {
        std::string_view why;
        auto read = api::key_set::read(issuer_keys, why);
        require(read.has_value());
        return std::move(*read);
    }();
    static const config::jwt_settings settings = [] {
        config::jwt_settings s;
        s.issuer = "https://issuer.example.com";
        s.audience = "offboard";
        return s;
    }();
    std::string_view why;
    const auto head = api::read_token_head(text, settings, why);
    if (!head) return require(!why.empty());
    const auto fitting = keys.fitting(head->kid, head->algorithm);
    if (fitting.empty()) return;
    const wall_time now{std::chrono::milliseconds(1'790'000'000'000)};
    require(!api::verify_token(text, fitting, settings, now, why).has_value() && !why.empty());
}

void check_key_set(std::string_view text) {
    std::string_view why;
    const auto keys = api::key_set::read(text, why);
    require(keys ? keys->size() > 0 : !why.empty());
}

void check_vendors_token(std::string_view text) {
    incoming_response answer;
    answer.status = 200;
    answer.body = text;
    for (const credentials& who : {credentials(client_credentials()), credentials(capillary_oauth())}) {
        const auto token = vendors::read_token(who, answer);
        require(token.has_error() || token->lifetime.count() >= 1);
        if (token.has_error()) continue;
        const auto root = vendors_test::second_reading(text);
        require(root && !vendors_test::names_twice(*root));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_callers_token(text);
    check_key_set(text);
    check_vendors_token(text);
    return 0;
}
