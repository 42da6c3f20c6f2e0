#include "readers.hpp"

#include "address.hpp"
#include "credential.hpp"
#include "file.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/vendor_rules.hpp"

#include <algorithm>

namespace offboard::config {

using namespace std::chrono_literals;
using kind = document::kind;

namespace {

std::size_t largest_batch(vendor v) {
    std::size_t most = 1;
    for (const action a : all_actions)
        if (vendor_of(a) == v) most = std::max(most, rule_of(a).customers_per_call);
    return most;
}

void read_url(section& in, vendor_settings& into) {
    const document* value = in.find("base_url");
    if (!value) return in.missing("base_url", "is required");
    std::string_view why = "must be a URL of the form https://host[:port][/prefix]";
    auto parsed = value->is(kind::string) ? parse_base_url(value->text(), why) : std::nullopt;
    if (parsed)
        into.base_url = std::move(*parsed);
    else
        in.fault("base_url", std::string(why));
}

client_credentials read_mention_me(section& in, const variables& environment) {
    client_credentials out;
    in.require_text("client_id", out.client_id);
    out.client_secret = read_secret(in, "client_secret", "client_secret_file", environment);
    return out;
}

credentials read_capillary(section& in, const variables& environment) {
    section oauth = in.sub("oauth");
    section basic = in.sub("basic");
    if (oauth.present() == basic.present()) {
        const std::string why = "needs exactly one of oauth: {key, secret} and basic: {username, password}";
        if (oauth.present())
            in.fault("basic", why);
        else
            in.out().fault(in.line(), in.key(), why);
        return capillary_oauth();
    }
    if (oauth.present()) {
        capillary_oauth out;
        oauth.require_text("key", out.key);
        out.key_secret = read_secret(oauth, "secret", "secret_file", environment);
        oauth.close();
        return out;
    }
    capillary_basic out;
    // RFC 7617: what stands before the first colon is the user.
    if (basic.require_text("username", out.username) && out.username.find(':') != std::string::npos)
        basic.fault("username", "must not contain a colon");
    out.password = read_secret(basic, "password", "password_file", environment);
    basic.close();
    return out;
}

api_key read_billing(section& in, const variables& environment) {
    api_key out;
    in.require_text("api_username", out.username);
    out.key = read_secret(in, "api_key", "api_key_file", environment);
    return out;
}

void read_pace(section& in, vendor v, vendor_settings& into) {
    const pace& d = rule_of(v).pace;
    into.budget.calls = d.calls;
    into.budget.per = d.per;
    into.max_batch = d.max_batch;
    into.max_in_flight = d.max_in_flight;
    section budget = in.sub("budget");
    budget.read_count("calls", into.budget.calls, 1, 1'000'000'000);
    budget.read_duration("per", into.budget.per, 1ms, 24h);
    budget.close();
    in.read_count("max_batch", into.max_batch, 1, largest_batch(v));
    in.read_count("max_in_flight", into.max_in_flight, 1, 1000);
    in.read_duration("timeout", into.timeout, 100ms, 2min);
}

void read_retry(section& in, vendor_settings& into) {
    section retry = in.sub("retry");
    const bool base_given = retry.read_duration("base", into.retry.base, 1ms, 1min);
    const bool cap_given = retry.read_duration("cap", into.retry.cap, 1ms, 1h);
    // One that is not given follows the other.
    if (cap_given && !retry.has("base")) into.retry.base = std::min(into.retry.base, into.retry.cap);
    if (base_given && !retry.has("cap")) into.retry.cap = std::max(into.retry.base, into.retry.cap);
    if (base_given && cap_given && into.retry.base > into.retry.cap)
        retry.fault("cap", "must not be below retry.base");
    retry.close();
    section breaker = in.sub("breaker");
    breaker.read_count("failures", into.breaker.failures, 1, 1000);
    breaker.read_duration("open", into.breaker.open, 100ms, 10min);
    breaker.close();
}

void read_tls(section& in, vendor_settings& into) {
    section tls = in.sub("tls");
    std::string unused;
    if (into.base_url.text.empty() || into.base_url.tls)
        read_certificates(tls, "ca_file", into.roots);
    else if (tls.read_text("ca_file", unused))
        tls.out().warn(tls.line(), tls.key_of("ca_file"), "has no effect: base_url is http://");
    tls.close();
}

void read_source(section& in, vendor_settings& into) {
    into.source = "INSTORE";
    std::string source;
    if (!in.read_text("source", source)) return;
    const auto known = capillary_source(source);
    if (!known)
        return in.fault("source",
                        "must be one of FACEBOOK, WEB_ENGAGE, INSTORE, MARTJACK, TMALL, TAOBAO, JD, "
                        "ECOMMERCE, WEBSITE, LINE, ALL");
    into.source = *known;
}

vendor_settings read_vendor(section& in, vendor v, const variables& environment) {
    vendor_settings out;
    read_url(in, out);
    switch (v) {
    case vendor::mention_me:
        out.credentials = read_mention_me(in, environment);
        out.customer_id_type = "customerId";
        in.read_text("customer_id_type", out.customer_id_type);
        break;
    case vendor::capillary:
        out.credentials = read_capillary(in, environment);
        read_source(in, out);
        break;
    case vendor::billing: out.credentials = read_billing(in, environment); break;
    }
    read_pace(in, v, out);
    read_retry(in, out);
    read_tls(in, out);
    in.close();
    return out;
}

} // namespace

void read_vendors(section& root, settings& into, const variables& environment) {
    section in = root.sub("vendors");
    bool any = false;
    for (const vendor v : all_vendors) {
        section one = in.sub(to_string(v));
        if (!one.present()) continue;
        any = true;
        into.vendors[static_cast<std::size_t>(v)] = read_vendor(one, v, environment);
    }
    if (!any) root.fault("vendors", "needs a section for at least one of mention_me, capillary and billing");
    in.close();
}

} // namespace offboard::config
