#include "token.hpp"

#include "tokens.hpp"

#include <boost/test/unit_test.hpp>

namespace api_token_test {

using namespace offboard;
using namespace offboard::api;
using namespace offboard::api::test;

namespace {

constexpr std::int64_t now = 1'800'000'000;
constexpr wall_time today{std::chrono::seconds(now)};

config::jwt_settings rules() {
    config::jwt_settings out;
    out.issuer = "https://issuer.example";
    out.audience = "offboard";
    return out;
}

/// Claims that are all right, with `more` in the place of the member that `more` names.
std::string claims(std::string_view without = "", const std::string& more = "") {
    const std::pair<std::string_view, std::string> usual[] = {
        {"iss", R"("https://issuer.example")"},
        {"aud", R"("offboard")"},
        {"exp", std::to_string(now + 300)},
        {"nbf", std::to_string(now - 10)},
        {"sub", R"("crm")"},
        {"scope", R"("openid offboard:write offboard:read")"}};
    std::string out;
    for (const auto& [name, value] : usual)
        if (name != without) out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":").append(value);
    return out + (more.empty() ? "" : "," + more) + "}";
}

/// Empty when it is accepted, else why not.
std::string judged(const std::string& token, const key_set& keys, const config::jwt_settings& by,
                   token_claims* into = nullptr) {
    std::string_view why;
    const auto head = read_token_head(token, by, why);
    if (!head) return std::string(why);
    const auto fitting = keys.fitting(head->kid, head->algorithm);
    if (fitting.empty()) return "no such key";
    const auto said = verify_token(token, fitting, by, today, why);
    if (!said) return std::string(why);
    if (into) *into = *said;
    return {};
}

key_set keys_of(const std::string& jwks) {
    std::string_view why;
    auto out = key_set::read(jwks, why);
    BOOST_TEST_REQUIRE(out.has_value(), std::string(why));
    return std::move(*out);
}

/// Keys are slow to make, so the cases share them.
const signer& rsa_key() {
    static const signer made = signer::rsa("r");
    return made;
}
const signer& ec_key() {
    static const signer made = signer::ec("e");
    return made;
}
const key_set& both() {
    static const key_set made = keys_of(set_of(rsa_key().jwk() + "," + ec_key().jwk()));
    return made;
}

struct row {
    const char* name;
    std::string token;
    const char* why;
};

} // namespace

BOOST_AUTO_TEST_SUITE(api_token)

BOOST_AUTO_TEST_CASE(a_good_token_says_whose_it_is_and_what_they_may) {
    for (const std::string& token : {rsa_key().token("RS256", claims()), ec_key().token("ES256", claims())}) {
        token_claims said;
        BOOST_TEST(judged(token, both(), rules(), &said) == "");
        BOOST_TEST(said.sub == "crm");
        BOOST_TEST((said.scopes.has(config::scope::write) && said.scopes.has(config::scope::read)));
        BOOST_TEST((!said.scopes.has(config::scope::erase) && !said.scopes.has(config::scope::operate)));
    }
}

BOOST_AUTO_TEST_CASE(every_algorithm_that_may_be_configured_works) {
    const signer p384 = signer::ec("m", "P-384", 48);
    const signer p521 = signer::ec("l", "P-521", 66);
    const key_set keys =
        keys_of(set_of(rsa_key().jwk() + "," + ec_key().jwk() + "," + p384.jwk() + "," + p521.jwk()));
    auto by = rules();
    by.algorithms = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"};
    for (const char* algorithm : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
        BOOST_TEST(judged(rsa_key().token(algorithm, claims()), keys, by) == "", algorithm);
    BOOST_TEST(judged(ec_key().token("ES256", claims()), keys, by) == "");
    BOOST_TEST(judged(p384.token("ES384", claims()), keys, by) == "");
    BOOST_TEST(judged(p521.token("ES512", claims()), keys, by) == "");
    // An algorithm of another curve's.
    BOOST_TEST(judged(p384.token("ES256", claims()), keys, by) == "no such key");
    BOOST_TEST(judged(ec_key().token("ES512", claims()), keys, by) == "no such key");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused) {
    const std::string begin = R"({"alg":"RS256","kid":"r")";
    const std::string good = rsa_key().token("RS256", claims());
    const std::string dot = good.substr(good.find('.'));
    const std::string signature = good.substr(good.rfind('.'));
    const std::string other = signer::rsa("r").token("RS256", claims());
    const auto with_header = [&](const std::string& header) {
        return rsa_key().token("RS256", header, claims());
    };
    const auto with_claims = [&](const std::string& text) { return rsa_key().token("RS256", text); };
    const std::string soon = std::to_string(now + 61), past = std::to_string(now - 60);
    const std::string curve = ec_key().token("ES256", claims());
    const std::string curve_text = curve.substr(0, curve.rfind('.') + 1);
    std::string tampered = good;
    tampered[good.find('.') + 8] = tampered[good.find('.') + 8] == 'A' ? 'B' : 'A';

    const row table[] = {
        // shape
        {"empty", "", "no signed JSON Web Token"},
        {"two parts", good.substr(0, good.rfind('.')), "no signed JSON Web Token"},
        {"four parts", good + ".e30", "no signed JSON Web Token"},
        {"no signature", good.substr(0, good.rfind('.') + 1), "no signed JSON Web Token"},
        {"padding", good + "=", "no signed JSON Web Token"},
        {"blank inside", good.substr(0, 10) + " " + good.substr(10), "no signed JSON Web Token"},
        {"header no JSON", base64url("{") + dot, "no signed JSON Web Token"},
        {"header a list", base64url("[]") + dot, "no signed JSON Web Token"},
        {"alg twice", with_header(begin + R"(,"alg":"RS256"})"), "no signed JSON Web Token"},
        {"alg twice by escape", with_header(R"({"\u0061lg":"none","alg":"RS256","kid":"r"})"),
         "no signed JSON Web Token"},
        {"huge", rsa_key().token("RS256", claims("", R"("x":")" + std::string(8000, 'x') + "\"")),
         "no signed JSON Web Token"},
        // algorithm
        {"none", base64url(R"({"alg":"none","kid":"r"})") + dot, "algorithm is not accepted"},
        {"None", base64url(R"({"alg":"None","kid":"r"})") + dot, "algorithm is not accepted"},
        {"no alg", with_header(R"({"kid":"r"})"), "algorithm is not accepted"},
        {"not configured", rsa_key().token("RS512", claims()), "algorithm is not accepted"},
        {"confusion", hmac_token(R"({"alg":"HS256","kid":"r"})", claims(), rsa_key().pem()),
         "algorithm is not accepted"},
        {"confusion of families", ec_key().token("ES256", R"({"alg":"RS256","kid":"e"})", claims()),
         "no such key"},
        {"named otherwise", rsa_key().token("RS256", R"({"alg":"ES256","kid":"r"})", claims()),
         "no such key"},
        {"digest of another", rsa_key().token("RS512", R"({"alg":"RS256","kid":"r"})", claims()),
         "signature"},
        {"padding of another", rsa_key().token("PS256", R"({"alg":"RS256","kid":"r"})", claims()),
         "signature"},
        // the rest of the header
        {"typ", with_header(begin + R"(,"typ":"dpop+jwt"})"), "type that is not accepted"},
        {"typ of another kind", with_header(begin + R"(,"typ":"application/dpop+jwt"})"),
         "type that is not accepted"},
        {"alg in another case", with_header(R"({"alg":"rs256","kid":"r"})"), "algorithm is not accepted"},
        {"typ no text", with_header(begin + R"(,"typ":1})"), "type that is not accepted"},
        {"crit", with_header(begin + R"(,"crit":["b64"],"b64":false})"), "type that is not accepted"},
        {"empty kid", with_header(begin.substr(0, begin.size() - 2) + R"("})"), "does not name its key"},
        {"kid no text", with_header(R"({"alg":"RS256","kid":1})"), "does not name its key"},
        {"unknown kid", with_header(R"({"alg":"RS256","kid":"x"})"), "no such key"},
        {"a key of its own", with_header(R"({"alg":"RS256","kid":"x","jwk":)" + rsa_key().jwk() + "}"),
         "no such key"},
        // signature
        {"another key of that name", other, "signature"},
        {"tampered", tampered, "signature"},
        {"signature of another", ec_key().token("ES256", claims()).substr(0, 20) + dot, ""},
        {"signature cut", good.substr(0, good.size() - 4), "signature"},
        {"curve signature cut", curve.substr(0, curve.size() - 4), "signature"},
        {"curve signature longer", curve + "AAAA", "signature"},
        {"curve signature of noughts", curve_text + std::string(86, 'A'), "signature"},
        {"claims exchanged",
         good.substr(0, good.find('.') + 1) + base64url(claims("sub", R"("sub":"other")")) + signature,
         "signature"},
        // claims
        {"claims no JSON", with_claims("x"), "claims cannot be read"},
        {"sub twice", with_claims(claims("", R"("sub":"other")")), "claims cannot be read"},
        {"no iss", with_claims(claims("iss")), "another issuer"},
        {"iss", with_claims(claims("iss", R"("iss":"https://issuer.example/")")), "another issuer"},
        {"no aud", with_claims(claims("aud")), "another audience"},
        {"aud", with_claims(claims("aud", R"("aud":"offboard2")")), "another audience"},
        {"aud list", with_claims(claims("aud", R"("aud":["a","b"])")), "another audience"},
        {"no exp", with_claims(claims("exp")), "does not say when"},
        {"exp text", with_claims(claims("exp", R"("exp":"1900000000")")), "does not say when"},
        {"expired", with_claims(claims("exp", "\"exp\":" + past)), "has expired"},
        {"exp negative", with_claims(claims("exp", "\"exp\":-1e300")), "has expired"},
        {"not yet", with_claims(claims("nbf", "\"nbf\":" + soon)), "not valid yet"},
        {"nbf text", with_claims(claims("nbf", R"("nbf":"1")")), "not valid yet"},
        {"iat to come", with_claims(claims("", "\"iat\":" + soon)), "not valid yet"},
        {"iat text", with_claims(claims("", R"("iat":"1")")), "not valid yet"},
        {"no sub", with_claims(claims("sub")), "whose it is"},
        {"empty sub", with_claims(claims("sub", R"("sub":"")")), "whose it is"},
        {"long sub", with_claims(claims("sub", R"("sub":")" + std::string(257, 's') + "\"")), "whose it is"},
        {"control in sub", with_claims(claims("sub", R"("sub":"a\nb")")), "whose it is"},
    };
    for (const row& r : table) {
        BOOST_TEST_CONTEXT(r.name) {
            const std::string why = judged(r.token, both(), rules());
            BOOST_TEST(!why.empty());
            BOOST_TEST(why.find(r.why) != std::string::npos, why);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_at_the_edge_is_accepted) {
    const auto with_claims = [&](const std::string& text) {
        return judged(rsa_key().token("RS256", text), both(), rules());
    };
    BOOST_TEST(with_claims(claims("exp", "\"exp\":" + std::to_string(now - 59))) == "");
    BOOST_TEST(with_claims(claims("exp", "\"exp\":" + std::to_string(now + 1) + ".5")) == "");
    BOOST_TEST(with_claims(claims("exp", R"("exp":1e300)")) == "");
    BOOST_TEST(with_claims(claims("nbf", "\"nbf\":" + std::to_string(now + 60))) == "");
    BOOST_TEST(with_claims(claims("nbf")) == "");
    BOOST_TEST(with_claims(claims("", "\"iat\":" + std::to_string(now + 60))) == "");
    BOOST_TEST(with_claims(claims("", "\"iat\":" + std::to_string(now - 5) + ".25")) == "");
    BOOST_TEST(with_claims(claims("", R"("jti":"x","cnf":{"a":[1]},"azp":null)")) == "");
    BOOST_TEST(with_claims(claims("aud", R"("aud":["x","offboard"])")) == "");
    BOOST_TEST(with_claims(claims("sub", R"("sub":"system:serviceaccount:crm:sync")")) == "");
    for (const char* typ : {"", R"(,"typ":"jwt")", R"(,"typ":"at+JWT")", R"(,"typ":"application/at+jwt")",
                            R"(,"typ":"application/jwt")", R"(,"typ":"Application/JWT")", R"(,"typ":null)"})
        BOOST_TEST(
            judged(rsa_key().token("RS256", R"({"alg":"RS256","kid":"r")" + std::string(typ) + "}", claims()),
                   both(), rules()) == "");
}

BOOST_AUTO_TEST_CASE(scopes_are_words_or_a_list_and_what_the_subject_was_granted) {
    auto by = rules();
    by.scopes_claim = "scp";
    config::scope_set operate;
    operate.add(config::scope::operate);
    by.subjects = {{"desk", operate}};
    const auto scopes = [&](const std::string& more, const char* sub = R"("sub":"crm")") {
        token_claims said;
        BOOST_TEST(judged(rsa_key().token("RS256", claims("sub", std::string(sub) + more)), both(), by,
                          &said) == "");
        std::string out;
        for (const config::scope s : config::all_scopes)
            if (said.scopes.has(s)) out.append(out.empty() ? "" : " ").append(to_string(s));
        return out;
    };
    BOOST_TEST(scopes("") == "");
    BOOST_TEST(scopes(R"(,"scp":"offboard:erase  x offboard:write ")") == "offboard:write offboard:erase");
    BOOST_TEST(scopes(R"(,"scp":["offboard:read",5,"offboard:read offboard:write"])") == "offboard:read");
    BOOST_TEST(scopes(R"(,"scp":{"offboard:read":true})") == "");
    BOOST_TEST(scopes("", R"("sub":"desk")") == "offboard:operate");
    BOOST_TEST(scopes(R"(,"scp":"offboard:read")", R"("sub":"desk")") == "offboard:read offboard:operate");
}

BOOST_AUTO_TEST_CASE(a_token_that_names_no_key_is_checked_with_those_that_fit) {
    const auto unnamed = [](const signer& by, const std::string& algorithm) {
        return by.token(algorithm, R"({"alg":")" + algorithm + R"(","kid":null})", claims());
    };
    BOOST_TEST(judged(unnamed(rsa_key(), "RS256"), both(), rules()) == "");
    BOOST_TEST(judged(unnamed(ec_key(), "ES256"), both(), rules()) == "");
    BOOST_TEST(judged(rsa_key().token("RS256", R"({"alg":"RS256"})", claims()), both(), rules()) == "");
    BOOST_TEST(judged(unnamed(signer::ec("x"), "ES256"), both(), rules()) == not_signed_by_its_key);
    BOOST_TEST(both().fitting("", "RS256").size() == 1u);
    BOOST_TEST(both().fitting("", "ES384").empty());
}

BOOST_AUTO_TEST_CASE(of_two_keys_under_one_name_each_that_fits_is_tried) {
    const signer second = signer::ec("e");
    for (const std::string& list :
         {ec_key().jwk() + "," + second.jwk(), second.jwk() + "," + ec_key().jwk()}) {
        const key_set keys = keys_of(set_of(list + "," + rsa_key().jwk()));
        BOOST_TEST(judged(ec_key().token("ES256", claims()), keys, rules()) == "");
        BOOST_TEST(judged(second.token("ES256", claims()), keys, rules()) == "");
        BOOST_TEST(judged(signer::ec("e").token("ES256", claims()), keys, rules()) == not_signed_by_its_key);
        BOOST_TEST(judged(second.token("ES256", claims("exp", R"("exp":1)")), keys, rules()) ==
                   "The token has expired.");
    }
}

BOOST_AUTO_TEST_CASE(keys_that_should_not_be_used_are_left_out) {
    const std::string good = ec_key().jwk();
    const auto count = [&](const std::string& more) { return keys_of(set_of(good + "," + more)).size(); };
    BOOST_TEST(count(rsa_key().jwk()) == 2u);
    BOOST_TEST(count(rsa_key().jwk(R"("use":"sig","alg":"RS256","key_ops":["verify"],)")) == 2u);
    BOOST_TEST(count(rsa_key().jwk(R"("use":"enc",)")) == 1u);
    BOOST_TEST(count(rsa_key().jwk(R"("key_ops":["sign"],)")) == 1u);
    BOOST_TEST(count(rsa_key().jwk(R"("d":"AQAB",)")) == 1u);
    BOOST_TEST(count(signer::rsa("weak", 1024).jwk()) == 1u);
    BOOST_TEST(count(R"({"kty":"oct","k":"c2VjcmV0","kid":"o"})") == 1u);
    BOOST_TEST(count(R"({"kty":"OKP","crv":"Ed25519","x":"AQAB","kid":"o"})") == 1u);
    BOOST_TEST(count(R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB","kid":"off the curve"})") == 1u);
    BOOST_TEST(count(R"({"kty":"RSA","n":"\"","e":"AQAB","kid":"o"})") == 1u);
    BOOST_TEST(count(signer::ec("").jwk()) == 1u); // an empty name is none that a token could give
    std::string nameless = rsa_key().jwk();
    nameless.replace(nameless.find(R"("kid":"r",)"), 10, "");
    BOOST_TEST(count(nameless) == 2u);
    nameless.replace(0, 1,
                     R"({"kid":null,"use":null,"alg":null,"key_ops":null,"d":null,"k":null,"x5c":null,)");
    BOOST_TEST(count(nameless) == 2u);
    BOOST_TEST(count("5") == 1u);
    // A key that says what it is for is used for nothing else.
    const key_set keys = keys_of(set_of(rsa_key().jwk(R"("alg":"RS512",)")));
    BOOST_TEST(judged(rsa_key().token("RS256", claims()), keys, rules()) == "no such key");
    std::string_view why;
    for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[{}]})", "\xff"})
        BOOST_TEST(!key_set::read(text, why).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_token_test
