#pragma once

#include "sandbox/engine.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <utility>

/// Requests and clock for the sandbox's tests; no socket.
namespace sandbox_test {

namespace json = boost::json;

/// The documented good vector: store.server, md5 of server123.
inline constexpr const char* basic = "Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3";

inline sandbox::request make(std::string method, std::string target, std::string body,
                             std::string type = "application/json") {
    sandbox::request r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.headers.push_back({"content-type", std::move(type)});
    r.body = std::move(body);
    return r;
}

inline json::value parsed(const std::string& text) {
    boost::system::error_code fault;
    json::value v = json::parse(text, fault);
    return fault ? json::value("not JSON") : v;
}

class bench {
public:
    bench() : engine([this] { return "token-" + std::to_string(++tokens_); }) {}

    sandbox::outcome send(const sandbox::request& r) {
        sandbox::outcome out = engine.receive(r, now);
        engine.finished(out.seq, now);
        return out;
    }

    sandbox::outcome control(std::string method, std::string target, std::string body = {}) {
        return send(make(std::move(method), std::move(target), std::move(body)));
    }

    /// Adds a fault; the answer's status tells whether it was taken.
    unsigned fault(std::string text) {
        return control("POST", "/sandbox/faults", std::move(text)).reply.status;
    }

    std::string mention_me_token() {
        const auto out =
            send(make("POST", "/api/oauth/token",
                      R"({"client_id":"i","client_secret":"s","grant_type":"client_credentials"})"));
        return std::string(parsed(out.reply.body).at("access_token").as_string());
    }

    /// Identifiers are e-mail addresses; a token is fetched when there is none.
    sandbox::outcome lapse(const std::string& emails,
                           std::string target = "/api/merchant/v2/customers/lapse") {
        if (bearer_.empty()) bearer_ = "Bearer " + mention_me_token();
        json::array ids;
        for (std::size_t from = 0; from < emails.size();) {
            const auto end = std::min(emails.find(' ', from), emails.size());
            ids.push_back(json::object{{"type", "email"}, {"value", emails.substr(from, end - from)}});
            from = end + 1;
        }
        auto r = make("POST", std::move(target), json::serialize(json::object{{"identifiers", ids}}));
        r.headers.push_back({"authorization", bearer_});
        return send(r);
    }

    sandbox::outcome capillary(std::string path, std::string body) {
        auto r = make("POST", std::move(path), std::move(body));
        r.headers.push_back({"authorization", basic});
        return send(r);
    }

    /// `customers` is the inside of the array.
    sandbox::outcome revoke(std::string action, std::string promotion, std::string customers,
                            std::string name = "id") {
        return capillary("/v2/promotion/bulk/revokeEnrolAndEarn",
                         R"({"type":"CUSTOMER","bulkAction":")" + action +
                             R"(","promotionDetails":{"programId":2714,"promotionId":")" + promotion +
                             R"("},"identifierName":")" + name + R"(","customers":[)" + customers + "]}");
    }

    sandbox::outcome delink(std::string customer, std::string programmes) {
        return capillary("/v2/partnerProgram/deLinkCustomer",
                         R"({"deLinkCustomers":[{"customer":)" + customer +
                             R"(,"deLinkFromPartnerPrograms":[)" + programmes + "]}]}");
    }

    sandbox::outcome forget(std::string form) {
        auto r = make("PATCH", "/api/customer/forget", std::move(form), "application/x-www-form-urlencoded");
        r.headers.push_back({"api-key", "k"});
        r.headers.push_back({"api-username", "tf_admin"});
        return send(r);
    }

    json::value state() { return parsed(control("GET", "/sandbox/state").reply.body); }

    sandbox::micros now{0};
    sandbox::engine engine;

private:
    int tokens_ = 0;
    std::string bearer_;
};

/// A customer of the revoke call, by its value.
inline std::string who(const std::string& value) {
    return R"({"identifierValue":")" + value + R"(","source":"INSTORE"})";
}

inline std::string programme(const std::string& name) {
    return R"({"partnerProgramName":")" + name + R"("})";
}

/// The code of the first error of entry `at` of a revoke answer; 0 when it has none.
inline std::int64_t code_of(const sandbox::outcome& out, std::size_t at = 0) {
    const json::value v = parsed(out.reply.body);
    const json::array& errors = v.at("response").as_array().at(at).at("errors").as_array();
    return errors.empty() ? 0 : errors.front().at("code").as_int64();
}

/// The code of programme `at` of a delink answer.
inline std::int64_t delink_code(const sandbox::outcome& out, std::size_t at = 0) {
    const json::value v = parsed(out.reply.body);
    return v.at("customersPartnerUpdates")
        .as_array()
        .at(0)
        .at("partnerProgramUpdates")
        .as_array()
        .at(at)
        .at("updateStatus")
        .at("code")
        .as_int64();
}

} // namespace sandbox_test
