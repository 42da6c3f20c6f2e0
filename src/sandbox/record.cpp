#include "record.hpp"

#include "faults.hpp"

#include "body.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace json = boost::json;

namespace sandbox {
namespace {

constexpr std::size_t most_records = 20'000;
constexpr std::size_t longest_body_kept = 64U * 1024U;
constexpr std::size_t most_bytes_kept = 64U * 1024U * 1024U;
constexpr std::size_t most_starts = 1'000'000;

/// One bucket at the vendor, so one tally of all.
constexpr std::string_view customers_group = "mention_me_customers";

std::string labelled(std::string_view kind, const json::value* v) {
    const auto text = v == nullptr ? std::nullopt : text_of(*v);
    return std::string(kind) + ':' + text.value_or("?");
}

std::int64_t whole_milliseconds(micros t) {
    return t.count() / 1000;
}

json::object to_json(const call_record& c) {
    json::object headers;
    for (const auto& field : c.headers) {
        json::value& place = headers[field.name];
        if (place.is_string()) {
            place.get_string().append(", ");
            place.get_string().append(field.value);
        } else {
            place = field.value;
        }
    }
    json::array customers;
    for (const auto& who : c.customers) {
        customers.emplace_back(who);
    }
    json::object out{{"seq", c.seq},
                     {"call", c.call},
                     {"method", c.method},
                     {"target", c.target},
                     {"headers", std::move(headers)},
                     {"body", c.body},
                     {"body_cut", c.body_cut},
                     {"customers", std::move(customers)},
                     {"started_ms", whole_milliseconds(c.started)},
                     {"started_us", c.started.count()},
                     {"finished_ms", nullptr},
                     {"status", c.status},
                     {"fault", c.fault}};
    if (c.finished.count() >= 0) {
        out["finished_ms"] = whole_milliseconds(c.finished);
    }
    return out;
}

} // namespace

std::vector<std::string> customers_in(std::string_view call, std::string_view body) {
    std::vector<std::string> out;
    if (call == "forget") {
        std::vector<header_field> form;
        static_cast<void>(parse_form(body, form));
        for (const auto& field : form) {
            if (field.name != "keep") {
                out.push_back(field.name + ':' + field.value);
            }
        }
        return out;
    }
    if (call.ends_with("token")) {
        return out;
    }
    const auto o = parse_object(body);
    const bool revoke = call == "revoke";
    const char* name = revoke ? "customers" : call == "delink" ? "deLinkCustomers" : "identifiers";
    const json::array* list = o ? array_at(*o, name) : nullptr;
    if (list == nullptr) {
        return out;
    }
    const json::string* kind = string_at(*o, "identifierName");
    for (const auto& item : *list) {
        const json::object* who = item.if_object();
        if (who == nullptr) {
            out.emplace_back("?");
        } else if (revoke) {
            const std::string_view label =
                kind == nullptr ? "?" : std::string_view(kind->data(), kind->size());
            out.push_back(labelled(label, who->if_contains("identifierValue")));
        } else if (call == "delink") {
            const json::object* c = object_at(*who, "customer");
            const bool any = c != nullptr && !c->empty();
            const std::string key = any ? std::string(c->begin()->key()) : "?";
            out.push_back(labelled(key, any ? &c->begin()->value() : nullptr));
        } else {
            const json::string* type = string_at(*who, "type");
            const std::string_view label =
                type == nullptr ? "?" : std::string_view(type->data(), type->size());
            out.push_back(labelled(label, who->if_contains("value")));
        }
    }
    return out;
}

std::uint64_t max_in_window(const std::deque<micros>& starts, micros window) {
    std::uint64_t best = 0;
    std::size_t first = 0;
    for (std::size_t last = 0; last < starts.size(); ++last) {
        while (starts[last] - starts[first] >= window) {
            ++first;
        }
        best = std::max<std::uint64_t>(best, last - first + 1);
    }
    return best;
}

void record::count_start(tally& t, std::size_t customers, micros now) {
    ++t.calls;
    t.customers += customers;
    t.max_customers = std::max<std::uint64_t>(t.max_customers, customers);
    ++t.in_flight;
    t.max_in_flight = std::max(t.max_in_flight, t.in_flight);
    t.starts.push_back(now);
    if (t.starts.size() > most_starts) {
        t.starts.pop_front();
    }
}

std::uint64_t record::start(std::string_view call, const request& r, micros now) {
    call_record c;
    c.seq = ++last_;
    c.call = call;
    c.method = r.method;
    c.target = r.target;
    c.headers = r.headers;
    c.body = r.body.substr(0, longest_body_kept);
    c.body_cut = r.body.size() > longest_body_kept;
    c.customers = customers_in(call, r.body);
    c.started = now;
    count_start(tallies_[c.call], c.customers.size(), now);
    if (is_about_customers(call)) {
        count_start(tallies_[std::string(customers_group)], c.customers.size(), now);
    }
    open_.emplace(c.seq, c.call);
    body_bytes_ += c.body.size();
    ring_.push_back(std::move(c));
    while (ring_.size() > most_records || (body_bytes_ > most_bytes_kept && ring_.size() > 1)) {
        body_bytes_ -= ring_.front().body.size();
        ring_.pop_front();
    }
    return last_;
}

call_record* record::find(std::uint64_t seq) {
    // Numbers in the ring are consecutive.
    if (ring_.empty() || seq < ring_.front().seq || seq > ring_.back().seq) {
        return nullptr;
    }
    return &ring_[static_cast<std::size_t>(seq - ring_.front().seq)];
}

void record::answered(std::uint64_t seq, unsigned status, std::string_view fault) {
    if (call_record* c = find(seq)) {
        c->status = status;
        c->fault = fault;
    }
    const auto at = open_.find(seq);
    if (at != open_.end()) {
        ++tallies_[at->second].statuses[status];
        if (is_about_customers(at->second)) {
            ++tallies_[std::string(customers_group)].statuses[status];
        }
    }
}

void record::finished(std::uint64_t seq, micros now) {
    const auto at = open_.find(seq);
    if (at == open_.end()) {
        return;
    }
    --tallies_[at->second].in_flight;
    if (is_about_customers(at->second)) {
        --tallies_[std::string(customers_group)].in_flight;
    }
    open_.erase(at);
    if (call_record* c = find(seq)) {
        c->finished = now;
    }
}

json::object record::calls(std::string_view call, std::uint64_t after, std::size_t limit) const {
    std::vector<const call_record*> chosen;
    for (auto at = ring_.rbegin(); at != ring_.rend() && at->seq > after && chosen.size() < limit; ++at) {
        if (call.empty() || at->call == call) {
            chosen.push_back(&*at);
        }
    }
    json::array out;
    for (auto at = chosen.rbegin(); at != chosen.rend(); ++at) {
        out.push_back(to_json(**at));
    }
    return {{"total", last_}, {"calls", std::move(out)}};
}

json::object record::counts(micros window) const {
    json::object out;
    for (const auto& [name, t] : tallies_) {
        json::object statuses;
        for (const auto& [status, times] : t.statuses) {
            statuses[std::to_string(status)] = times;
        }
        out[name] = json::object{{"calls", t.calls},
                                 {"customers", t.customers},
                                 {"max_customers", t.max_customers},
                                 {"in_flight", t.in_flight},
                                 {"max_in_flight", t.max_in_flight},
                                 {"max_in_window", max_in_window(t.starts, window)},
                                 {"statuses", std::move(statuses)}};
    }
    return out;
}

void record::clear() {
    ring_.clear();
    tallies_.clear();
    open_.clear();
    body_bytes_ = 0;
    // Numbers go on: an exchange still open must not be taken for a new one.
}

} // namespace sandbox
