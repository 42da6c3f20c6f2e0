#include "offboard/api/authenticator.hpp"

#include "async/loop.hpp"
#include "config/fixture.hpp"
#include "tokens.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/sha.h>

#include <filesystem>

namespace api_authenticator_test {

using namespace offboard;
using namespace offboard::api;
using namespace offboard::api::test;
using namespace std::chrono_literals;
using offboard::config::test::secret_files;

namespace {

constexpr std::int64_t epoch = 1'800'000'000;

class moved_clock final : public clock {
public:
    steady_time now() const override { return steady_time(1h) + ahead; }
    wall_time today() const override { return wall_time(std::chrono::seconds(epoch)); }
    duration ahead{};
};

config::caller_key key_named(std::string name, std::string_view key, config::scope may) {
    config::caller_key out;
    out.name = std::move(name);
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), out.sha256.data());
    out.scopes.add(may);
    return out;
}

std::string claims(const std::string& sub, int expires_in = 300) {
    return R"({"iss":"i","aud":"offboard","scope":"offboard:read","sub":")" + sub +
           "\",\"exp\":" + std::to_string(epoch + expires_in) + "}";
}

config::jwt_settings tokens_by(std::string file) {
    config::jwt_settings out;
    out.issuer = "i";
    out.audience = "offboard";
    out.jwks_file = std::move(file);
    return out;
}

http::request with(std::initializer_list<header_field> fields) {
    http::request out;
    out.headers = fields;
    return out;
}
http::request bearer(const std::string& credential) {
    return with({{"authorization", "Bearer " + credential}});
}

struct fixture : offboard::test::loop {
    moved_clock time;
    config::auth_settings settings;
};

using kind = verdict::kind;

struct issuers {
    signer first = signer::ec("1");
    signer second = signer::ec("2");
};

/// Swaps the file as Kubernetes swaps a mounted one.
void replace(const secret_files& files, const std::string& text) {
    files.put("new", text);
    std::filesystem::rename(files.path() + "/new", files.path() + "/jwks");
}

boost::asio::awaitable<void> rotate(authenticator& a, moved_clock& time, const secret_files& files,
                                    const issuers& two) {
    const http::request old_token = bearer(two.first.token("ES256", claims("x")));
    const http::request new_token = bearer(two.second.token("ES256", claims("x")));
    BOOST_TEST((a.judge(old_token).is == kind::accepted));
    // That look may still be under way; once it has ended the key is known not to be there.
    verdict v = co_await a.judge_in_time(new_token, offboard::test::much_later());
    BOOST_TEST((v.is == kind::invalid));
    replace(files, set_of(two.second.jwk()));
    v = co_await a.judge_in_time(new_token, offboard::test::much_later());
    BOOST_TEST((v.is == kind::invalid)); // it was looked at within this second
    time.ahead += 2s;
    BOOST_TEST((a.judge(new_token).is == kind::undecided));
    v = co_await a.judge_in_time(new_token, offboard::test::much_later());
    BOOST_TEST((v.is == kind::accepted));
    BOOST_TEST((a.judge(old_token).is == kind::invalid));
    // What cannot be used changes nothing.
    for (const char* text : {"{", ""}) {
        replace(files, text);
        time.ahead += 2s;
        v = co_await a.judge_in_time(old_token, offboard::test::much_later());
        BOOST_TEST((v.is == kind::invalid));
        BOOST_TEST((a.judge(new_token).is == kind::accepted));
    }
    std::filesystem::remove(files.path() + "/jwks");
    time.ahead += 2s;
    v = co_await a.judge_in_time(old_token, offboard::test::much_later());
    BOOST_TEST((a.judge(new_token).is == kind::accepted));
    replace(files, set_of(two.first.jwk()));
    time.ahead += 2s;
    v = co_await a.judge_in_time(old_token, offboard::test::much_later());
    BOOST_TEST((v.is == kind::accepted));
    co_await a.stop();
}

} // namespace

BOOST_AUTO_TEST_SUITE(api_authenticator)

BOOST_FIXTURE_TEST_CASE(without_authentication_anybody_may_do_everything, fixture) {
    authenticator a(io, settings, time, log);
    for (const http::request& r : {with({}), with({{"x-api-key", "x"}, {"authorization", "y"}})}) {
        const verdict v = a.judge(r);
        BOOST_TEST_REQUIRE((v.is == kind::accepted));
        BOOST_TEST(v.who->name == "");
        for (const config::scope s : config::all_scopes)
            BOOST_TEST(v.who->scopes.has(s));
    }
}

BOOST_FIXTURE_TEST_CASE(a_key_names_its_caller_in_either_field, fixture) {
    settings.api_keys = {key_named("first", "k-1", config::scope::read),
                         key_named("last", "k-2", config::scope::write)};
    authenticator a(io, settings, time, log);
    for (const http::request& r :
         {with({{"x-api-key", "k-2"}}), bearer("k-2"), with({{"authorization", "bearer  k-2"}})}) {
        const verdict v = a.judge(r);
        BOOST_TEST_REQUIRE((v.is == kind::accepted));
        BOOST_TEST(v.who->name == "last");
        BOOST_TEST((v.who->scopes.has(config::scope::write) && !v.who->scopes.has(config::scope::read)));
    }
    BOOST_TEST(a.judge(bearer("k-1")).who->name == "first");
}

BOOST_FIXTURE_TEST_CASE(keys_are_exchanged_and_callers_stay_who_they_are, fixture) {
    settings.api_keys = {key_named("crm", "k-1", config::scope::write),
                         key_named("desk", "d-1", config::scope::read)};
    settings.api_keys[0].quota = config::caller_quota{5, 1min};
    authenticator a(io, settings, time, log);
    const verdict before = a.judge(bearer("k-1"));
    const auto is = [&](const char* key) { return a.judge(bearer(key)).is; };

    // Both, while the caller changes over.
    config::auth_settings now = settings;
    now.api_keys = {key_named("crm", "k-2", config::scope::write),
                    key_named("crm", "k-1", config::scope::write), settings.api_keys[1]};
    for (std::size_t i = 0; i < 2; ++i)
        now.api_keys[i].quota = settings.api_keys[0].quota;
    a.use(now);
    for (const char* key : {"k-1", "k-2"}) {
        const verdict v = a.judge(bearer(key));
        BOOST_TEST_REQUIRE((v.is == kind::accepted), key);
        BOOST_TEST(v.who->name == "crm");
        BOOST_TEST(v.who->scopes.has(config::scope::write));
        BOOST_TEST(v.who->quota->requests == 5u);
    }
    BOOST_TEST((is("d-1") == kind::accepted));

    now.api_keys.erase(now.api_keys.begin() + 1);
    a.use(now);
    BOOST_TEST((is("k-1") == kind::invalid && is("k-2") == kind::accepted && is("d-1") == kind::accepted));
    BOOST_TEST(before.who->name == "crm"); // whoever is being answered stays who he was
}

BOOST_FIXTURE_TEST_CASE(other_credentials_are_refused, fixture) {
    settings.api_keys = {key_named("crm", "k-1", config::scope::read),
                         key_named("nobody", "", config::scope::read)};
    authenticator a(io, settings, time, log);
    const std::pair<http::request, kind> table[] = {
        {with({}), kind::missing},
        {with({{"authorization", "Basic azox"}}), kind::missing},
        {with({{"authorization", "Bearer"}}), kind::missing},
        {with({{"authorization", ""}}), kind::missing},
        {with({{"authorization", "k-1"}}), kind::missing},
        {bearer("k-2"), kind::invalid},
        {bearer("k-1 "), kind::invalid},
        {bearer("K-1"), kind::invalid},
        {bearer("a.b.c"), kind::invalid},
        {with({{"x-api-key", ""}}), kind::invalid},
        {bearer(""), kind::invalid},
        {with({{"x-api-key", "Bearer k-1"}}), kind::invalid},
        {with({{"x-api-key", "k-1"}, {"x-api-key", "k-1"}}), kind::malformed},
        {with({{"authorization", "Bearer k-1"}, {"authorization", "Bearer k-1"}}), kind::malformed},
        {with({{"x-api-key", "k-1"}, {"authorization", "Bearer k-1"}}), kind::malformed},
    };
    for (const auto& [request, expected] : table) {
        const verdict v = a.judge(request);
        BOOST_TEST((v.is == expected), v.why);
        BOOST_TEST(!v.who);
        BOOST_TEST(v.why.find("k-1") == std::string_view::npos);
    }
}

BOOST_FIXTURE_TEST_CASE(keys_and_tokens_stand_side_by_side, fixture) {
    const secret_files files;
    const signer issuer = signer::ec("e");
    settings.api_keys = {key_named("crm", "k.1.x", config::scope::write)};
    settings.jwt = tokens_by(files.put("jwks", set_of(issuer.jwk())));
    settings.jwt->quota = config::caller_quota{5, 1min};
    authenticator a(io, settings, time, log);
    BOOST_TEST(a.judge(bearer("k.1.x")).who->name == "crm");
    const verdict v = a.judge(bearer(issuer.token("ES256", claims("sync"))));
    BOOST_TEST_REQUIRE((v.is == kind::accepted), v.why);
    BOOST_TEST(v.who->name == "sync");
    BOOST_TEST(v.who->scopes.has(config::scope::read));
    BOOST_TEST(v.who->quota->requests == 5u);
    BOOST_TEST((a.judge(with({{"x-api-key", issuer.token("ES256", claims("sync"))}})).is == kind::invalid));
    BOOST_TEST((a.judge(bearer(issuer.token("ES256", claims("sync", -61)))).is == kind::invalid));
    // Two callers of one name would see each other's operations.
    BOOST_TEST((a.judge(bearer(issuer.token("ES256", claims("crm")))).is == kind::invalid));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_changed_is_read_again, fixture) {
    const secret_files files;
    const issuers two;
    settings.jwt = tokens_by(files.put("jwks", set_of(two.first.jwk())));
    authenticator a(io, settings, time, log);
    a.start();
    run(rotate(a, time, files, two));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_used_at_start_is_an_error, fixture) {
    const secret_files files;
    for (const std::string& file :
         {files.path() + "/none", files.put("empty", ""), files.put("set", "{\"keys\":[]}")}) {
        settings.jwt = tokens_by(file);
        BOOST_CHECK_THROW(authenticator(io, settings, time, log), std::runtime_error);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_authenticator_test
