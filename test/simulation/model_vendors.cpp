#include "model_vendors.hpp"

#include "offboard/async/sleep.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace asio = boost::asio;

namespace offboard::simulation {

using namespace std::chrono_literals;

namespace {

sandbox::request as_received(const outgoing_request& r) {
    sandbox::request out;
    out.method = r.method;
    out.target = r.target;
    out.body = r.body;
    for (const auto& [name, value] : r.headers)
        out.headers.push_back({sandbox::lower(name), value});
    return out;
}

incoming_response as_answered(const sandbox::answer& a) {
    incoming_response out;
    out.status = a.status;
    out.body = a.body;
    out.headers.emplace_back("content-type", a.content_type);
    for (const sandbox::header_field& f : a.headers)
        out.headers.emplace_back(sandbox::lower(f.name), f.value);
    return out;
}

/// Every text in quotes or in a form, so that trouble can be told by a customer's identifier.
std::vector<std::string> texts_in(std::string_view body) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : body) {
        const bool part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          c == '@' || c == '.' || c == '-' || c == '_';
        if (part)
            word += c;
        else if (!word.empty())
            out.push_back(std::exchange(word, {}));
    }
    if (!word.empty()) out.push_back(word);
    return out;
}

bool asks_for_token(const outgoing_request& r) {
    return r.target.find("oauth") != std::string::npos;
}

} // namespace

/// One process's way to one vendor.
class model_vendors::client final : public http::exchanger {
public:
    client(model_vendors& w, vendor v) : all_(w), vendor_(v), generation_(w.generation_) {}

    asio::awaitable<result<incoming_response>> exchange(outgoing_request request, steady_time deadline,
                                                        http::may_repeat, std::string*) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        if (stopped_) co_return errc::cancelled;
        if (all_.chance_.happens(all_.weather_.unreachable)) {
            const duration tried = all_.chance_.upto(50ms);
            co_await pass(tried);
            co_return errc::connect_failed;
        }
        all_.look_at_start(vendor_, request);
        const std::vector<std::string> named = texts_in(request.body);
        const asked_about these(all_, sandbox::call_at(request.method, request.target), named);
        const duration there = 1ms + all_.chance_.upto(20ms);
        const bool arrived = co_await pass(there);
        if (!arrived || generation_ != all_.generation_) {
            all_.troubled_.insert(named.begin(), named.end());
            co_return errc::answer_lost;
        }
        const std::string kind = all_.chance_.happens(all_.weather_.fault)
                                     ? all_.bend(sandbox::call_at(request.method, request.target))
                                     : "";
        const sandbox::outcome made = all_.receive(request);
        const unsigned status = made.reply.status;
        if (!kind.empty() || status >= 300) all_.troubled_.insert(named.begin(), named.end());
        const steady_time back = all_.clock_.now() + made.delay + 1ms + all_.chance_.upto(200ms);
        using enum sandbox::delivery;
        const bool never = made.how == stall || back > deadline;
        const bool told = co_await async::sleep_until(never ? deadline : back);
        const bool lost = made.how != whole && made.how != close_after;
        if (!told || lost || never) all_.troubled_.insert(named.begin(), named.end());
        if (!told) co_return errc::answer_lost;
        if (never) co_return errc::answer_timeout;
        if (lost) co_return errc::answer_lost;
        co_return as_answered(made.reply);
    }
    asio::awaitable<void> stop() override {
        stopped_ = true;
        co_return;
    }
    void trust(const std::string&) override {}

private:
    /// The customers of a call that names each at most once, for as long as the call lasts: a step is in one
    /// call at a time.
    struct asked_about {
        asked_about(model_vendors& w, std::string_view call, const std::vector<std::string>& named) : all(w) {
            if (call != "lapse" && call != "purge" && call != "forget") return;
            for (const std::string& text : named) {
                const bool is_id =
                    text.size() >= 6 && text.find_first_not_of("0123456789") == std::string::npos;
                if (!is_id && text.find('@') == std::string::npos) continue;
                std::string key = std::string(call) + ' ' + text;
                if (all.asked_now_.insert(key).second)
                    keys.push_back(std::move(key));
                else
                    all.accuse_(key + " is in two calls at once");
            }
        }
        asked_about(const asked_about&) = delete;
        asked_about& operator=(const asked_about&) = delete;
        ~asked_about() {
            for (const std::string& key : keys)
                all.asked_now_.erase(key);
        }
        model_vendors& all;
        std::vector<std::string> keys;
    };

    model_vendors& all_;
    const vendor vendor_;
    const std::uint64_t generation_;
    bool stopped_ = false;
};

model_vendors::model_vendors(const clock& c, chance& r, const disk& d, accuse a)
    : clock_(c), chance_(r), disk_(d), accuse_(std::move(a)),
      engine_([this] { return "token-" + std::to_string(++tokens_); }), began_(c.now()) {}

std::unique_ptr<http::exchanger> model_vendors::client_of(vendor v) {
    return std::make_unique<client>(*this, v);
}

sandbox::micros model_vendors::now() const {
    return std::chrono::floor<sandbox::micros>(clock_.now() - began_);
}

std::string model_vendors::bend(std::string_view call) {
    struct trouble {
        std::string_view kind;
        std::string_view more; ///< members of the fault
    };
    static constexpr trouble all[] = {
        {"status 500", R"("status":500,"act":false)"},
        {"status 500 after the effect", R"("status":500,"act":true)"},
        {"status 502", R"("status":502,"act":false)"},
        {"status 503", R"("status":503,"act":false,"headers":{"Retry-After":"2"})"},
        {"status 400", R"("status":400,"act":false)"},
        {"rate_limited", R"("kind":"rate_limited","retry_after":1)"},
        {"429 with nothing", R"("status":429,"act":false)"},
        {"429 with a reset", R"("status":429,"act":false,"headers":{"X-RateLimit-Limit":"20",)"
                             R"("X-RateLimit-Remaining":"0","X-RateLimit-Reset":"2"})"},
        {"429 until a date that is over",
         R"("status":429,"act":false,"headers":{"Retry-After":"Wed, 21 Oct 2015 07:28:00 GMT"})"},
        {"461", R"("status":461,"act":false)"},
        {"a lower count",
         R"("latency_ms":1,"headers":{"X-RateLimit-Remaining":"1","X-RateLimit-Reset":"3"})"},
        {"expire_token", R"("kind":"expire_token")"},
        {"html", R"("kind":"html")"},
        {"not_json", R"("kind":"not_json","act":true)"},
        {"cut", R"("kind":"cut","act":true)"},
        {"cut before the effect", R"("kind":"cut","act":false)"},
        {"reset", R"("kind":"reset","act":true)"},
        {"cut_mid_body", R"("kind":"cut_mid_body")"},
        {"stall", R"("kind":"stall","act":true)"},
        {"shuffle", R"("kind":"shuffle")"},
        {"missing_entry", R"("kind":"missing_entry")"},
        {"duplicate_entries", R"("kind":"duplicate_entries")"},
        {"late", R"("latency_ms":1500)"},
    };
    const trouble& one = all[chance_.below(std::size(all))];
    sandbox::request r;
    r.method = "POST";
    r.target = "/sandbox/faults";
    r.headers.push_back({"content-type", "application/json"});
    r.body = "{\"call\":\"" + std::string(call) + "\",\"times\":1," + std::string(one.more) + "}";
    const sandbox::outcome taken = engine_.receive(r, now());
    return taken.reply.status < 300 ? std::string(one.kind) : std::string();
}

void model_vendors::look_at_start(vendor v, const outgoing_request& r) {
    if (asks_for_token(r)) return;
    ++calls_;
    const auto i = static_cast<std::size_t>(v);
    const steady_time at = clock_.now();
    std::deque<steady_time>& starts = starts_[i];
    starts.push_back(at);
    while (at - starts.front() >= budgets_[i].per)
        starts.pop_front();
    if (starts.size() > budgets_[i].calls)
        accuse_(std::string(to_string(v)) + " is called " + std::to_string(starts.size()) +
                " times in a window of " + std::to_string(budgets_[i].calls));
    ++started_[i];
    if (started_[i] > disk_.left[i]) accuse_(std::string(to_string(v)) + " is called without a departure");
}

sandbox::outcome model_vendors::receive(const outgoing_request& r) {
    sandbox::outcome out = engine_.receive(as_received(r), now());
    if (out.seq != 0) engine_.finished(out.seq, now());
    return out;
}

} // namespace offboard::simulation
