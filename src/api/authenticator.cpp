#include "offboard/api/authenticator.hpp"

#include "key_source.hpp"
#include "token.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

constexpr std::string_view scheme = "bearer ";

/// What stands after "Bearer ", whose case does not matter (RFC 9110 11.1); nothing for another scheme.
std::optional<std::string_view> bearer_of(std::string_view field) {
    if (field.size() < scheme.size()) return std::nullopt;
    const bool bearer = std::ranges::equal(field.substr(0, scheme.size()), scheme, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (!bearer) return std::nullopt;
    field.remove_prefix(scheme.size());
    while (field.starts_with(' '))
        field.remove_prefix(1);
    return field;
}

verdict refused(verdict::kind is, std::string_view why) {
    verdict out;
    out.is = is;
    out.why = why;
    return out;
}

verdict accepted(std::shared_ptr<const caller> who) {
    verdict out;
    out.is = verdict::kind::accepted;
    out.who = std::move(who);
    return out;
}

} // namespace

authenticator::authenticator(asio::io_context& io, const config::auth_settings& settings, const clock& c,
                             telemetry::log& log)
    : settings_(settings), clock_(c) {
    if (!settings.required()) {
        caller anybody;
        for (const config::scope s : config::all_scopes)
            anybody.scopes.add(s);
        anybody_ = std::make_shared<const caller>(std::move(anybody));
    }
    take_keys(settings.api_keys);
    if (settings.jwt) issuer_ = std::make_unique<key_source>(io, *settings.jwt, c, log);
}

authenticator::~authenticator() = default;

void authenticator::start() {
    if (issuer_) issuer_->start();
}

asio::awaitable<void> authenticator::stop() {
    if (issuer_) co_await issuer_->stop();
}

void authenticator::take_keys(const std::vector<config::caller_key>& keys) {
    hashes_.clear();
    holders_.clear();
    for (const config::caller_key& k : keys) {
        hashes_.push_back(k.sha256);
        holders_.push_back(std::make_shared<const caller>(caller{k.name, k.scopes, k.quota}));
    }
}

void authenticator::use(const config::auth_settings& now) {
    take_keys(now.api_keys);
    if (issuer_) issuer_->trust(now.jwt->roots);
}

verdict authenticator::judge(const http::request& head) {
    if (anybody_) return accepted(anybody_);
    const auto fields = std::ranges::count(head.headers, "authorization", &header_field::first);
    const auto keys = std::ranges::count(head.headers, "x-api-key", &header_field::first);
    if (fields + keys > 1)
        return refused(verdict::kind::malformed,
                       "Credentials are given once: X-API-Key or Authorization, one field of either.");
    if (keys == 1) return judge_text(head.header("x-api-key"), false);
    const auto bearer = bearer_of(head.header("authorization"));
    if (!bearer)
        return refused(verdict::kind::missing,
                       "Credentials are required: X-API-Key, or Authorization with the scheme Bearer.");
    return judge_text(*bearer, true);
}

verdict authenticator::judge_text(std::string_view credential, bool may_be_token) {
    if (credential.empty()) return refused(verdict::kind::invalid, "The key is empty.");
    if (auto who = holder_of(credential)) return accepted(std::move(who));
    if (may_be_token && issuer_ && (holders_.empty() || looks_like_token(credential)))
        return judge_token(credential);
    return refused(verdict::kind::invalid, "The key is not known.");
}

std::shared_ptr<const caller> authenticator::holder_of(std::string_view api_key) const {
    config::sha256_digest digest{};
    SHA256(reinterpret_cast<const unsigned char*>(api_key.data()), api_key.size(), digest.data());
    std::size_t found = holders_.size();
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
        const bool same = CRYPTO_memcmp(hashes_[i].data(), digest.data(), digest.size()) == 0;
        found = same ? i : found; // and on: where it is found shows in no time
    }
    return found < holders_.size() ? holders_[found] : nullptr;
}

verdict authenticator::unknown_key(std::string_view why) {
    if (issuer_->look_for_unknown())
        return refused(verdict::kind::undecided, "The keys of the token's issuer are being read anew.");
    return refused(verdict::kind::invalid, why);
}

verdict authenticator::judge_token(std::string_view token) {
    std::string_view why;
    const config::jwt_settings& rules = *settings_.jwt;
    const auto head = read_token_head(token, rules, why);
    if (!head) return refused(verdict::kind::invalid, why);
    issuer_->token_came();
    const key_set* keys = issuer_->keys();
    if (!keys) return refused(verdict::kind::undecided, "The keys of the token's issuer cannot be read yet.");
    const bool named = !head->kid.empty();
    const std::vector<const issuer_key*> fitting = keys->fitting(head->kid, head->algorithm);
    if (fitting.empty() && named && keys->has(head->kid))
        return refused(verdict::kind::invalid, "The token's algorithm is not that of its key.");
    if (fitting.empty()) return unknown_key("The token's key is not known here.");
    if (!named && fitting.size() > 1)
        return refused(verdict::kind::invalid, "The token does not name its key, and several could be it.");
    auto claims = verify_token(token, fitting, rules, clock_.today(), why);
    // Without a key id a forged token looks like a token of the issuer's next key.
    if (!claims && !named && why == not_signed_by_its_key) return unknown_key(why);
    if (!claims) return refused(verdict::kind::invalid, why);
    if (std::ranges::find(settings_.api_keys, claims->sub, &config::caller_key::name) !=
        settings_.api_keys.end())
        return refused(verdict::kind::invalid, "The token's subject is the name of another caller.");
    caller who;
    who.name = std::move(claims->sub);
    who.scopes = claims->scopes;
    who.quota = rules.quota;
    return accepted(std::make_shared<const caller>(std::move(who)));
}

asio::awaitable<verdict> authenticator::judge_in_time(const http::request& head, steady_time deadline) {
    verdict out = judge(head);
    while (out.is == verdict::kind::undecided) {
        const bool looked = co_await issuer_->next_look(deadline);
        if (!looked) break;
        out = judge(head);
    }
    co_return out;
}

} // namespace offboard::api
