#include "readers.hpp"

#include "address.hpp"
#include "credential.hpp"
#include "file.hpp"
#include "scalar.hpp"

#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <functional>

namespace offboard::config {

using namespace std::chrono_literals;
using kind = document::kind;

namespace {

constexpr std::size_t most_api_keys = 1000; ///< every request is compared with all of them
constexpr std::size_t most_subjects = 1000;
constexpr std::size_t longest_subject = 256;

constexpr std::array<std::string_view, 4> scope_words = {"offboard:write", "offboard:read", "offboard:erase",
                                                         "offboard:operate"};
constexpr std::array<std::string_view, 9> algorithms = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                                        "PS512", "ES256", "ES384", "ES512"};

using one_text = std::function<void(const std::string& text, section& at, std::string_view name)>;

/// A list of texts under `name`, each handed to `take`, which reports what is wrong with it at the list.
void read_texts(section& in, std::string_view name, const std::string& what, const one_text& take) {
    const document* list = in.find(name);
    if (!list) return;
    if (!list->is(kind::array) || list->elements().empty())
        return in.fault(name, "must be a list of " + what + ", with at least one");
    for (const document& d : list->elements()) {
        if (d.is(kind::string))
            take(d.text(), in, name);
        else
            in.fault(name, "must be a list of " + what + ", each a text");
    }
}

void read_scopes(section& in, scope_set& into) {
    if (!in.has("scopes")) return in.missing("scopes", "is required: a list of scopes, as offboard:write");
    read_texts(in, "scopes", "scopes", [&into](const std::string& text, section& at, std::string_view name) {
        const auto known = scope_from(text);
        if (known && into.has(*known)) return at.fault(name, "has a scope twice");
        if (known) return into.add(*known);
        const std::string meant = did_you_mean(text, scope_words);
        at.fault(name, "has a scope that there is not" +
                           (meant.empty() ? ": they are offboard:write, offboard:read, offboard:erase and "
                                            "offboard:operate"
                                          : meant));
    });
}

void read_quota(section& in, std::optional<caller_quota>& into) {
    section quota = in.sub("quota");
    if (!quota.present()) return;
    caller_quota out;
    for (const auto* name : {"requests", "per"})
        if (!quota.has(name)) quota.missing(name, "is required, as in {requests: 600, per: 1m}");
    quota.read_count("requests", out.requests, 1, 1'000'000);
    quota.read_duration("per", out.per, 1s, 24h);
    quota.close();
    into = out;
}

/// The elements of a list of maps, each read by `read_one`.
void read_maps(section& in, std::string_view name, const std::string& shape, std::size_t most,
               const std::function<void(section&)>& read_one) {
    const document* list = in.find(name);
    if (!list) return;
    if (!list->is(kind::array) || list->elements().empty())
        return in.fault(name, "must be a list of " + shape + ", with at least one");
    if (list->elements().size() > most)
        return in.fault(name, "must have at most " + std::to_string(most) + " elements");
    std::size_t index = 0;
    for (const document& d : list->elements()) {
        section one(&d, in.key_of(name) + "[" + std::to_string(index++) + "]", d.line, in.out());
        read_one(one);
        one.close();
    }
}

void read_api_key(section& in, std::vector<caller_key>& into, const variables& environment) {
    caller_key out;
    const auto same_name = [&](const caller_key& other) { return other.name == out.name; };
    if (in.require_text("name", out.name)) {
        if (!is_plain_id(out.name))
            in.fault("name", "must have 1 to 64 of A-Z a-z 0-9 . _ -");
        else if (std::any_of(into.begin(), into.end(), same_name))
            in.fault("name", "is the name of an earlier key of the list too");
    }
    const auto digests = read_digests(in, "sha256", "sha256_file", environment);
    read_scopes(in, out.scopes);
    read_quota(in, out.quota);
    if (digests.empty()) into.push_back(out); // for its name
    for (const sha256_digest& d : digests) {
        const auto same_key = [&](const caller_key& other) { return other.sha256 == d; };
        if (std::any_of(into.begin(), into.end(), same_key))
            in.fault(in.has("sha256") ? "sha256" : "sha256_file", "is that of an earlier key too");
        out.sha256 = d;
        into.push_back(out);
    }
}

void read_subject(section& in, std::vector<subject_grant>& into) {
    subject_grant out;
    const auto same = [&](const subject_grant& other) { return other.sub == out.sub; };
    if (in.require_text("sub", out.sub)) {
        if (out.sub.size() > longest_subject)
            in.fault("sub", "must have at most 256 characters");
        else if (std::any_of(into.begin(), into.end(), same))
            in.fault("sub", "stands earlier in the list too");
    }
    read_scopes(in, out.scopes);
    into.push_back(std::move(out));
}

void read_algorithms(section& in, std::vector<std::string>& into) {
    if (!in.has("algorithms")) return;
    into.clear();
    read_texts(in, "algorithms", "algorithms",
               [&into](const std::string& text, section& at, std::string_view name) {
                   if (std::find(algorithms.begin(), algorithms.end(), text) == algorithms.end())
                       at.fault(name, "may hold RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and "
                                      "ES512: signatures that are checked by a public key");
                   else if (std::find(into.begin(), into.end(), text) != into.end())
                       at.fault(name, "has an algorithm twice");
                   else
                       into.push_back(text);
               });
}

void read_key_set(section& in, jwt_settings& into) {
    const bool file = in.has("jwks_file");
    const bool url = in.has("jwks_url");
    if (file && url) in.fault("jwks_url", "stands beside jwks_file: give one of the two");
    if (!file && !url) in.missing("jwks_file", "is required, or jwks_url: where the issuer's keys are");
    // Only whether the file can be read: the key set is read again and again while the gateway runs.
    if (in.read_text("jwks_file", into.jwks_file)) {
        file_text read = read_file(into.jwks_file, 0, in.out().being_read);
        if (!read.text) in.fault("jwks_file", std::move(read.why));
    }
    std::string text;
    if (in.read_text("jwks_url", text)) {
        std::string_view why;
        if (auto parsed = parse_base_url(text, why); !parsed)
            in.fault("jwks_url", std::string(why));
        else if (parsed->path.empty() || text.ends_with('/'))
            in.fault("jwks_url", "must have the path of a document");
        else
            into.jwks_url = std::move(*parsed);
    }
    if (file && in.has("ca_file"))
        in.fault("ca_file", "has no use without jwks_url");
    else
        read_certificates(in, "ca_file", into.roots);
}

void read_jwt(section& in, std::optional<jwt_settings>& into) {
    jwt_settings out;
    in.require_text("issuer", out.issuer);
    in.require_text("audience", out.audience);
    read_key_set(in, out);
    read_algorithms(in, out.algorithms);
    in.read_text("scopes_claim", out.scopes_claim);
    read_maps(in, "subjects", "{sub, scopes}", most_subjects,
              [&out](section& one) { read_subject(one, out.subjects); });
    read_quota(in, out.quota);
    in.close();
    into = std::move(out);
}

} // namespace

std::string_view to_string(scope s) noexcept {
    return scope_words[static_cast<std::size_t>(s)];
}

std::optional<scope> scope_from(std::string_view word) noexcept {
    for (const scope s : all_scopes)
        if (to_string(s) == word) return s;
    return std::nullopt;
}

void read_auth(section& root, settings& into, const variables& environment) {
    const document* auth = root.find("auth");
    const bool none = !auth || (auth->is(kind::string) && auth->text() == "none");
    if (none && !into.listen.loopback)
        root.fault("listen", "without authentication only a loopback address is accepted, such as 127.0.0.1");
    if (none) return;
    if (!auth->is(kind::object)) return root.fault("auth", "must be none, or have api_keys or jwt");
    section in = root.sub("auth");
    if (!in.has("api_keys") && !in.has("jwt")) root.fault("auth", "must be none, or have api_keys or jwt");
    read_maps(in, "api_keys", "{name, sha256_file, scopes}", most_api_keys,
              [&](section& one) { read_api_key(one, into.auth.api_keys, environment); });
    if (in.has("jwt")) {
        section jwt = in.sub("jwt");
        read_jwt(jwt, into.auth.jwt);
    }
    in.close();
}

} // namespace offboard::config
