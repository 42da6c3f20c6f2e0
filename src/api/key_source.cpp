#include "key_source.hpp"

#include "retry_after.hpp"

#include "offboard/config/read_file.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <sys/stat.h>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_bytes = 1u << 20;
constexpr auto between_file_looks = 1s;
constexpr auto between_fetches = 10min;
constexpr auto between_wished_fetches = 30s;
constexpr auto fetch_time = 10s;
constexpr duration first_pause = 1s;
constexpr duration longest_pause = 30s;
constexpr duration longest_asked_pause = 1h;

/// What a look brought. With neither, nothing has changed.
struct found {
    std::optional<std::string> text;
    std::string_view trouble;
    duration asked{}; ///< not to be asked again before
};

/// Tells one state of a file from another. A mounted Secret's change is another file under the same path.
struct file_stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const file_stamp&) const = default;
};

file_stamp stamp_of(const std::string& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) return {};
    return {s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
}

/// One look at a file; for a thread that may block.
class file_look {
public:
    file_look(std::string path, file_stamp last) : path_(std::move(path)), last_(last) {}

    std::pair<found, file_stamp> operator()() const {
        found out;
        const file_stamp now = stamp_of(path_);
        if (now == last_) return {out, now};
        config::file_text read = config::read_file(path_, most_bytes, nullptr);
        if (!read.text)
            out.trouble = "the file cannot be read";
        else if (read.text->size() > most_bytes)
            out.trouble = "the file is longer than 1 MiB";
        else
            out.text = std::move(read.text);
        return {out, now};
    }

private:
    std::string path_;
    file_stamp last_;
};

http::client_settings client_settings_of(const config::jwt_settings& s) {
    http::client_settings out;
    out.name = "jwks";
    out.host = s.jwks_url.host;
    out.port = s.jwks_url.port;
    out.tls = s.jwks_url.tls;
    out.roots = s.roots;
    out.most_connections = 1;
    out.most_answer_bytes = most_bytes;
    return out;
}

/// Makes keys of a text; for a thread that may take its time: a set may have a megabyte.
class set_reading {
public:
    struct made {
        std::optional<key_set> keys;
        std::string_view why;
    };
    explicit set_reading(std::string text) : text_(std::move(text)) {}
    std::shared_ptr<made> operator()() const {
        auto out = std::make_shared<made>();
        out->keys = key_set::read(text_, out->why);
        return out;
    }

private:
    std::string text_;
};

bool repeatable() {
    return true;
}

} // namespace

/// Where the keys come from.
struct key_source::origin {
    virtual ~origin() = default;
    virtual asio::awaitable<found> look() = 0;
    virtual asio::awaitable<void> stop() = 0;
    /// How long after a look the next one is made unasked.
    virtual duration pause(bool good) = 0;
    /// True when the roots are other ones than before.
    virtual bool trust(const std::string& roots) = 0;

    duration between_wishes{};
    bool wished_by_any_token = false;
};

struct key_source::file_origin final : origin {
    file_origin(std::string p, async::offload_pool& helper) : path(std::move(p)), pool(helper) {
        between_wishes = between_file_looks;
        wished_by_any_token = true;
    }

    asio::awaitable<found> look() override {
        file_look one(path, last);
        auto made = co_await pool.run(std::move(one));
        found out;
        if (made) {
            out = std::move(made->first);
            last = made->second;
        }
        co_return out;
    }
    asio::awaitable<void> stop() override { co_return; }
    duration pause(bool) override { return duration::max(); }
    bool trust(const std::string&) override { return false; }

    std::string path;
    file_stamp last;
    async::offload_pool& pool;
};

struct key_source::url_origin final : origin {
    url_origin(asio::io_context& io, const config::jwt_settings& s, const clock& c, telemetry::log& log)
        : clock_(c), target(s.jwks_url.path), roots_(s.roots), client(io, client_settings_of(s), log) {
        between_wishes = between_wished_fetches;
    }

    asio::awaitable<found> look() override {
        outgoing_request ask;
        ask.method = "GET";
        ask.target = target;
        ask.headers.emplace_back("Accept", "application/jwk-set+json, application/json");
        http::may_repeat repeat = repeatable;
        auto answer = co_await client.exchange(std::move(ask), clock_.now() + fetch_time, std::move(repeat));
        found out;
        if (answer.has_error()) {
            out.trouble = "the URL cannot be reached, or not in time";
        } else if (answer->status != 200) {
            out.trouble = "the URL does not answer 200";
            const auto asked =
                read_retry_after(answer->header("retry-after"), answer->header("date"), clock_.today());
            if (asked) out.asked = std::min<duration>(*asked, longest_asked_pause);
        } else {
            out.text = std::move(answer->body);
        }
        co_return out;
    }
    asio::awaitable<void> stop() override { return client.stop(); }
    duration pause(bool good) override {
        if (good) {
            next_pause = first_pause;
            return between_fetches;
        }
        const duration out = next_pause;
        next_pause = std::min(next_pause * 2, longest_pause);
        return out;
    }

    bool trust(const std::string& roots) override {
        if (roots == roots_) return false;
        client.trust(roots);
        roots_ = roots;
        return true;
    }

    const clock& clock_;
    std::string target;
    std::string roots_;
    http::client client;
    duration next_pause = first_pause;
};

key_source::key_source(asio::io_context& io, const config::jwt_settings& s, const clock& c,
                       telemetry::log& log)
    : clock_(c), log_(log), tasks_(io.get_executor(), log), helper_("key-set", 1) {
    if (s.jwks_file.empty()) {
        origin_ = std::make_unique<url_origin>(io, s, c, log);
        return;
    }
    auto file = std::make_unique<file_origin>(s.jwks_file, helper_);
    auto [first, stamp] = file_look(s.jwks_file, {})();
    std::string_view why = first.trouble.empty() ? "the file cannot be read" : first.trouble;
    if (first.text) keys_ = key_set::read(*first.text, why);
    if (!keys_) throw std::runtime_error("auth.jwt.jwks_file: " + std::string(why));
    file->last = stamp;
    origin_ = std::move(file);
}

key_source::~key_source() = default;

void key_source::start() {
    // A file's keys are here already.
    looking_ = !keys_;
    tasks_.spawn("keep the issuer's keys fresh", keep_fresh());
}

asio::awaitable<void> key_source::stop() {
    tasks_.cancel();
    co_await tasks_.join();
    co_await origin_->stop();
}

asio::awaitable<void> key_source::keep_fresh() {
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        steady_time next = steady_time::max();
        if (looking_) {
            found news = co_await origin_->look();
            const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
            if (now.cancelled() != asio::cancellation_type::none) co_return;
            if (!news.trouble.empty()) tell_trouble(news.trouble);
            bool good = news.trouble.empty();
            if (news.text) good = co_await take(std::move(*news.text));
            const duration pause = std::max(origin_->pause(good), news.asked);
            if (pause != duration::max()) next = clock_.now() + pause;
            if (news.asked > duration::zero()) next_wish_ = clock_.now() + news.asked;
            looking_ = false;
            looked_.notify_all();
        }
        const bool wished = co_await wanted_.wait_until(next);
        const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
        if (now.cancelled() != asio::cancellation_type::none) co_return;
        if (!wished) looking_ = true;
    }
}

asio::awaitable<bool> key_source::take(std::string text) {
    set_reading reading(std::move(text));
    auto made = co_await helper_.run(std::move(reading));
    if (!made) co_return false; // cancelled
    std::shared_ptr<set_reading::made> read = std::move(*made);
    if (!read->keys) {
        tell_trouble(read->why);
        co_return false;
    }
    keys_ = std::move(read->keys);
    trouble_.clear();
    log_.info("the issuer's keys were read", {{"keys", keys_->size()}});
    co_return true;
}

void key_source::tell_trouble(std::string_view why) {
    if (trouble_ == why) return;
    trouble_ = why;
    log_.warn("the issuer's keys cannot be read anew",
              {{"reason", why}, {"in_use", keys_ ? keys_->size() : 0}});
}

void key_source::wish() {
    const steady_time now = clock_.now();
    if (looking_ || now < next_wish_) return;
    next_wish_ = now + origin_->between_wishes;
    looking_ = true;
    wanted_.notify_all();
}

void key_source::trust(const std::string& roots) {
    if (!origin_->trust(roots)) return;
    next_wish_ = {};
    wish();
}

void key_source::token_came() {
    if (origin_->wished_by_any_token) wish();
}

bool key_source::look_for_unknown() {
    wish();
    return looking_;
}

asio::awaitable<bool> key_source::next_look(steady_time deadline) {
    if (!looking_ && keys_) co_return true;
    const bool ended = co_await looked_.wait_until(deadline);
    co_return ended;
}

} // namespace offboard::api
