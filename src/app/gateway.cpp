#include "gateway.hpp"

#include "openapi.hpp"
#include "request_span.hpp"

#include "offboard/api/admin_routes.hpp"
#include "offboard/api/docs_routes.hpp"
#include "offboard/api/problem.hpp"
#include "offboard/async/sleep.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/journal/sqlite_journal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <sys/resource.h>

namespace asio = boost::asio;

namespace offboard::app {

namespace {

constexpr std::size_t most_remembered_steps = 2'000'000;
/// From the signal on calls in flight have so long to end: what is left of 25 s is for the journal and the
/// last spans.
constexpr auto longest_end = std::chrono::seconds(22);
/// After the drain's timeout, for the last answers to be written.
constexpr auto last_words = std::chrono::seconds(2);
/// For the last spans: within the drain's timeout so much, and a moment where that is over.
constexpr auto last_export = std::chrono::seconds(2);
constexpr auto least_last_export = std::chrono::milliseconds(500);

/// Descriptors for everything but callers: vendors, journal, files of secrets, the admin listener.
constexpr std::size_t own_descriptors = 256;

/// As many connections as are asked for, and no more than there can be descriptors for.
std::size_t most_connections(const config::settings& s) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return s.limits.connections;
    const std::size_t all = limit.rlim_cur;
    const std::size_t left =
        all > 2 * own_descriptors ? all - own_descriptors : std::max<std::size_t>(all / 2, 1);
    return std::min(s.limits.connections, left);
}

http::server_limits main_limits(const config::settings& s) {
    http::server_limits out;
    out.header_bytes = s.limits.header;
    out.target_bytes = s.limits.target;
    out.body_bytes = s.limits.body;
    out.connections = most_connections(s);
    out.in_flight = s.limits.in_flight;
    out.body_total = s.limits.body_total;
    out.header_time = s.limits.header_timeout;
    out.body_time = s.limits.body_timeout;
    out.idle_time = s.limits.idle_timeout;
    // A caller who is refused in the middle of sending reads the answer only if what it sends is taken
    // meanwhile.
    out.linger_bytes = 2 * s.limits.body;
    return out;
}

http::server_limits admin_limits() {
    http::server_limits out;
    out.body_bytes = 64u << 10;
    out.connections = 100;
    return out;
}

/// The journal that the settings ask for. Throws std::runtime_error when that is wrong; a disk that fails is
/// waited for.
std::unique_ptr<journal::journal> open_journal(asio::io_context& io, const config::settings& s,
                                               const clock& c, telemetry::log& log) {
    if (s.journal.sqlite_path.empty())
        return journal::make_memory_journal(s.journal.most_operations, most_remembered_steps);
    journal::sqlite_settings settings;
    settings.path = s.journal.sqlite_path;
    settings.retention = s.journal.retention;
    settings.keep_keys = s.idempotency_keep;
    for (const config::master_key& k : s.journal.keys)
        settings.keys.push_back({k.id, k.key});
    return journal::open_sqlite_journal(io, std::move(settings), c, log);
}

std::optional<double> sampled_share(const config::settings& s) {
    if (!s.tracing) return std::nullopt;
    return s.tracing->sample;
}

} // namespace

gateway::gateway(const config::settings& settings, configuration read_from, telemetry::log& log)
    : settings_(settings), log_(log), signals_(io_, SIGTERM, SIGINT), levels_(io_, SIGUSR1, SIGUSR2),
      checks_(io_, SIGHUP), tasks_(io_.get_executor(), log),
      tracer_(random_, metrics_, sampled_share(settings)), journal_(open_journal(io_, settings, clock_, log)),
      dispatcher_(io_, settings, *journal_, clock_, random_, log, metrics_, tracer_,
                  dispatch::client_factory(io_, log)),
      authenticator_(io_, settings.auth, system_clock_, log),
      rotation_(io_, std::move(read_from), settings, *journal_, clock_, log, metrics_,
                [this](const config::settings& now) { take_over(now); }),
      routes_(settings, authenticator_, dispatcher_, *journal_, clock_, random_,
              std::make_shared<const std::string>(openapi_yaml)),
      main_router_(api::problem), admin_router_(api::problem),
      main_(io_, main_limits(settings), main_router_, hooks("main"), log),
      admin_(io_, admin_limits(), admin_router_, hooks("admin"), log) {
    dispatcher_.on_refusal([this](steady_time deadline) { return rotation_.checked(deadline); });
    if (settings.tracing) {
        telemetry::otlp::resource ours{"offboard", OFFBOARD_VERSION, make_ulid(clock_.today(), random_)};
        exporter_ = std::make_unique<trace_exporter>(io_, *settings.tracing, std::move(ours), tracer_, clock_,
                                                     random_, log, metrics_);
    }
    routes_.add_to(main_router_);
    api::add_docs_routes(main_router_);
    const auto ready = [this] {
        api::readiness now;
        if (!ready_) now.reasons.emplace_back("draining");
        if (std::string why = journal_->trouble(); !why.empty())
            now.reasons.push_back("journal: " + std::move(why));
        now.breakers = dispatcher_.breakers();
        return now;
    };
    api::add_admin_routes(admin_router_, ready, metrics_);
    metrics_.on_scrape([this](telemetry::metrics& m) {
        m.set_log_dropped(log_.dropped());
        m.set_listener("main", main_.connections(), main_.in_flight());
        m.set_listener("admin", admin_.connections(), admin_.in_flight());
    });
    if (const std::size_t most = most_connections(settings); most < settings.limits.connections)
        log_.warn("the limit of open files allows fewer connections than limits.connections",
                  {{"connections", most}, {"limits.connections", settings.limits.connections}});
    if (settings.listen_tls && main_.use(*settings.listen_tls))
        throw std::runtime_error("listen_tls cannot be used");
}

void gateway::take_over(const config::settings& now) {
    authenticator_.use(now.auth);
    dispatcher_.use(now);
    if (exporter_) exporter_->use(*now.tracing);
    // The files have been checked by the same code; one that came to be or went away would be another
    // listener.
    if (now.listen_tls && main_.use(*now.listen_tls)) log_.error("listen_tls cannot be used");
}

http::server_hooks gateway::hooks(std::string_view listener) {
    http::server_hooks out;
    out.problem = api::problem;
    out.make_request_id = [this] { return make_ulid(clock_.today(), random_); };
    for (const http::refusal r : http::all_refusals)
        metrics_.count_refusal(telemetry::word::of(listener), r, 0);
    out.refused = [this, listener](http::refusal r) {
        metrics_.count_refusal(telemetry::word::of(listener), r);
    };
    // Probes are no part of anybody's trace.
    if (listener == "main")
        out.trace = [this](std::string_view traceparent) { return tracer_.carry_on(traceparent); };
    out.observe = [this, listener](const http::exchange_record& r) {
        const steady_time ended = clock_.now(); // before anything else takes time
        using telemetry::word;
        metrics_.count_request(word::of(listener), word::of(r.route), word::of(r.method), r.status, r.took);
        access_line(listener, r);
        const std::string_view scheme =
            settings_.listen_tls ? "https" : "http"; // only requests of main are kept
        if (tracer_.keeps(r.trace)) tracer_.record(request_span(r, scheme, ended));
    };
    return out;
}

void gateway::access_line(std::string_view listener, const http::exchange_record& r) {
    const auto level = listener == "main" ? telemetry::level::info : telemetry::level::debug;
    const auto trace_id = telemetry::to_hex(r.trace.trace);
    std::vector<telemetry::field> fields = {
        {"listener", listener},
        {"request_id", r.request_id},
        {"method", r.method},
        {"route", r.route},
        {"status", r.status},
        {"milliseconds", std::chrono::duration<double, std::milli>(r.took).count()},
        {"delivered", r.delivered}};
    if (r.trace.exists()) fields.emplace_back("trace_id", trace_id.text());
    if (!r.concerning.empty()) fields.emplace_back("operation", r.concerning);
    if (!r.asked_by.empty()) fields.emplace_back("caller", r.asked_by);
    log_.write(level, "request", fields);
}

bool gateway::listen(http::server& server, std::string_view name, const config::endpoint& at) {
    const auto port = server.listen(at.address, at.port);
    if (port.has_error()) {
        log_.error("cannot listen", {{"listener", name},
                                     {"address", at.address},
                                     {"port", at.port},
                                     {"reason", port.error().message()}});
        return false;
    }
    const bool tls = &server == &main_ && settings_.listen_tls;
    log_.info("listening", {{"listener", name}, {"address", at.address}, {"port", *port}, {"tls", tls}});
    return true;
}

int gateway::run() {
    // Both servers must be drained before they die, also when only one of them could listen.
    const bool listening =
        listen(main_, "main", settings_.listen) && listen(admin_, "admin", settings_.admin_listen);
    ready_ = listening_ = listening;
    if (listening) {
        dispatcher_.start();
        authenticator_.start();
        rotation_.start();
        if (exporter_) exporter_->start();
    } else {
        ::raise(SIGTERM);
    }
    tasks_.spawn("serve", serve());
    tasks_.spawn("change the log level", change_level());
    tasks_.spawn("check secrets when asked", check_when_asked());
    io_.run();
    return listening ? 0 : 2;
}

asio::awaitable<void> gateway::serve() {
    const auto [failed, number] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    ready_ = false;
    const steady_time last_end =
        clock_.now() + std::max<duration>(longest_end, settings_.drain.delay + settings_.drain.timeout);
    dispatcher_.end_by(last_end);
    main_.announce_close();
    if (listening_) log_.info("draining", {{"signal", failed ? 0 : number}});
    co_await async::sleep_for(settings_.drain.delay);

    dispatcher_.drain();
    const steady_time deadline = clock_.now() + settings_.drain.timeout;
    async::task_group waking(io_.get_executor(), log_);
    waking.spawn("wake waiters", wake_waiters(deadline));
    co_await main_.drain(deadline + last_words);
    co_await dispatcher_.idle(deadline, last_end);
    waking.cancel();
    co_await waking.join();
    if (const std::uint64_t left = dispatcher_.unsettled(); left > 0 && journal_->durable())
        log_.info("operations left for the next process", {{"operations", left}});
    else if (left > 0)
        log_.error("operations lost with the process", {{"operations", left}});
    co_await rotation_.stop();
    co_await authenticator_.stop();
    co_await dispatcher_.stop();
    const steady_time now = clock_.now();
    const steady_time exported = std::min(now + last_export, std::max(deadline, now + least_last_export));
    if (exporter_) co_await exporter_->stop(exported);
    co_await admin_.drain(clock_.now());
    levels_.cancel();
    checks_.cancel();
    log_.info("stopped");
}

asio::awaitable<void> gateway::change_level() {
    for (;;) {
        const auto [failed, number] = co_await levels_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (failed) co_return;
        const std::string_view level = number == SIGUSR1 ? "debug" : std::string_view(settings_.log_level);
        // Seen whatever the levels before and after are.
        log_.set_level(telemetry::level::info);
        log_.info("log level changed", {{"log_level", level}});
        log_.set_level(telemetry::level_from(level));
    }
}

asio::awaitable<void> gateway::check_when_asked() {
    for (;;) {
        const auto [failed, number] = co_await checks_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (failed) co_return;
        rotation_.check_now();
    }
}

asio::awaitable<void> gateway::wake_waiters(steady_time deadline) {
    const bool due = co_await async::sleep_until(deadline);
    if (due) dispatcher_.wake_all();
}

} // namespace offboard::app
