#include "capillary.hpp"

#include "body.hpp"

#include <boost/json/array.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace sandbox::capillary {

std::string basic_credentials(std::string_view username, std::string_view password) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(password.data(), password.size(), digest.data(), &length, EVP_md5(), nullptr) != 1) {
        return {};
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string plain(username);
    plain.push_back(':');
    for (unsigned i = 0; i < length; ++i) {
        plain.push_back(digits[digest[i] >> 4U]);
        plain.push_back(digits[digest[i] & 15U]);
    }
    std::string out((plain.size() + 2) / 3 * 4 + 1, '\0');
    const int written =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    out.resize(static_cast<std::size_t>(written));
    return out;
}

answer envelope(unsigned status, std::int64_t code, std::string_view message) {
    json::object item{
        {"status", false}, {"code", code}, {"message", json::string(message.data(), message.size())}};
    return json_answer(status,
                       json::object{{"warnings", json::array()}, {"errors", json::array{std::move(item)}}});
}

answer expired() {
    return envelope(401, 401, "Authentication failed");
}

namespace {

bool is_basic_user(std::string_view field, const settings& s) {
    const auto fits = [&](const std::string& password) {
        return field == "Basic " + basic_credentials(s.basic_username, password);
    };
    const auto& several = s.secrets.basic;
    return several.empty() ? fits(s.basic_password) : std::any_of(several.begin(), several.end(), fits);
}

} // namespace

std::optional<answer> refuse_call(const request& r, const world& w, micros now) {
    if (r.method != "POST") {
        answer a = envelope(405, 405, "Method not allowed");
        a.set("Allow", "POST");
        return a;
    }
    const std::string* token = r.header("x-cap-api-oauth-token");
    const std::string* basic = r.header("authorization");
    if ((token == nullptr) == (basic == nullptr)) {
        return expired();
    }
    const bool known =
        token != nullptr ? w.token_valid(issuer::capillary, *token, now) : is_basic_user(*basic, w.options);
    if (!known) {
        return expired();
    }
    if (!r.is("application/json")) {
        return envelope(415, 415, "Unsupported media type");
    }
    return std::nullopt;
}

answer token(const request& r, world& w, const token_source& make, micros now) {
    if (r.method != "POST") {
        answer a = envelope(405, 405, "Method not allowed");
        a.set("Allow", "POST");
        return a;
    }
    if (!r.is("application/json")) {
        return envelope(415, 415, "Unsupported media type");
    }
    const auto body = parse_object(r.body);
    const json::string* key = body ? string_at(*body, "key") : nullptr;
    const json::string* secret = body ? string_at(*body, "secret") : nullptr;
    if (key == nullptr || secret == nullptr || !only(*body, {"key", "secret"})) {
        return envelope(400, 400, "key and secret are required, and nothing else");
    }
    if (key->empty() || secret->empty() ||
        !takes(w.options.secrets.capillary, std::string_view(secret->data(), secret->size()))) {
        json::object fault{{"code", 401}, {"message", "Failed to generate OAuth token"}};
        return json_answer(200, json::object{{"data", nullptr}, {"errors", json::array{std::move(fault)}}});
    }
    std::string fresh = make();
    const json::object data{{"accessToken", fresh}, {"ttlSeconds", w.options.capillary_token_s}};
    w.keep_token(issuer::capillary, std::move(fresh), now);
    return json_answer(200, json::object{{"data", data}, {"errors", nullptr}});
}

} // namespace sandbox::capillary
