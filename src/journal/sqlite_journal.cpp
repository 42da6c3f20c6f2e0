#include "offboard/journal/sqlite_journal.hpp"

#include "sqlite/tuning.hpp"
#include "sqlite/writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::journal {

namespace sqlite {

namespace {

/// Waits for the answer of a call that is on its way. errc::cancelled: the caller waits no more.
template <class T>
asio::awaitable<result<T>> answer_of(std::shared_ptr<call_for<T>> c) {
    if (!c->done) {
        c->waited = true;
        co_await c->ready->async_wait(asio::as_tuple(asio::deferred));
        c->waited = false;
        if (c->done) c->ready.reset();
    }
    if (!c->done) co_return errc::cancelled;
    co_return std::move(*c->answer);
}

/// The calls of the journal as work for its thread.
class facade final : public sqlite_journal {
public:
    facade(asio::io_context& io, const sqlite_settings& settings, const clock& c, telemetry::log& log,
           tuning tuned)
        : home_(asio::prefer(io.get_executor(), asio::execution::outstanding_work.untracked)), log_(log),
          writer_(io, settings, c, log, std::move(tuned)) {}

    asio::awaitable<result<void>> opened() override {
        if (!opened_ && !writer_.has_opened()) {
            // Like a record it waits for the disk, and is written, as nothing, when the file has been taken.
            auto nothing = made<void>(call::kind::record, [](store&, wall_time) { return result<void>(); });
            const result<void> written = co_await sent(std::move(nothing));
            if (written.has_error()) co_return written.error();
        }
        if (!opened_) last_flight_ = writer_.inherited().last_flight;
        opened_ = true;
        co_return result<void>();
    }

    asio::awaitable<result<begun>> begin(std::shared_ptr<operation> op,
                                         std::optional<idempotency> given) override {
        auto c = made<begun>(call::kind::begin, [op, given = std::move(given)](store& s, wall_time now) {
            return s.begin(*op, given, now);
        });
        c->begins = std::move(op);
        return sent(std::move(c));
    }

    asio::awaitable<result<std::optional<std::string>>> recall(idempotency given) override {
        return sent(made<std::optional<std::string>>(
            call::kind::read,
            [given = std::move(given)](store& s, wall_time now) { return s.recall(given, now); }));
    }

    asio::awaitable<result<flight_number>> depart(departure leaving) override {
        const flight_number number = ++last_flight_;
        auto c = made<flight_number>(
            call::kind::depart, [leaving = std::move(leaving), number](store& s, wall_time) {
                const result<void> done = s.depart(leaving, number);
                return done.has_error() ? result<flight_number>(done.error()) : result<flight_number>(number);
            });
        c->departs = number;
        return sent(std::move(c));
    }

    asio::awaitable<result<void>> record(std::vector<progress_record> records,
                                         std::optional<flight_number> landed) override {
        return sent(
            made<void>(call::kind::record, [records = std::move(records), landed](store& s, wall_time) {
                return s.record(records, landed);
            }));
    }

    asio::awaitable<result<std::shared_ptr<operation>>> find(std::string_view id) override {
        return sent(made<std::shared_ptr<operation>>(
            call::kind::read, [id = std::string(id)](store& s, wall_time) { return s.find(id); }));
    }

    asio::awaitable<result<std::vector<std::string>>> lookup(identifier who, std::size_t most) override {
        return sent(made<std::vector<std::string>>(
            call::kind::read,
            [who = std::move(who), most](store& s, wall_time) { return s.lookup(who, most); }));
    }

    asio::awaitable<result<page>> unsettled(cursor after, std::size_t most_operations,
                                            std::size_t most_steps) override {
        return sent(made<page>(call::kind::read, [=, this](store& s, wall_time) -> result<page> {
            const result<void> folded = writer_.file().fold();
            if (folded.has_error()) return folded.error();
            std::vector<std::string> skipped;
            result<page> out = s.unsettled(after, most_operations, most_steps, skipped);
            for (const std::string& id : skipped)
                log_.error("an unsettled operation cannot be read", {{"operation", id}});
            return out;
        }));
    }

    asio::awaitable<result<std::size_t>> sweep() override {
        return sent(made<std::size_t>(call::kind::read,
                                      [this](store&, wall_time) { return writer_.file().sweep_all(); }));
    }

    asio::awaitable<std::string> use_keys(std::vector<master_key> keys) override {
        auto c = made<std::string>(call::kind::read, [this, keys = std::move(keys)](store&, wall_time) {
            return writer_.file().use_keys(keys); // puts another store in the place of this one
        });
        result<std::string> why = co_await sent(std::move(c));
        std::string words = "the journal cannot be written now";
        if (why.has_value()) words = std::move(*why);
        co_return words;
    }

    backlog left_behind() const override { return opened_ ? writer_.inherited().left : backlog(); }

    std::vector<past_call> departed_since(wall_time since) const override {
        std::vector<past_call> out;
        if (!opened_) return out;
        for (const past_call& c : writer_.inherited().calls)
            if (c.at >= since) out.push_back(c);
        return out;
    }

    bool durable() const noexcept override { return true; }
    std::string trouble() const override {
        std::string why = writer_.trouble();
        if (why.empty() && !opened_) why = "being opened";
        return why;
    }
    figures counted() const override { return writer_.counted(); }
    void close() override { writer_.close(); }

private:
    template <class T, class Work>
    std::shared_ptr<call_for<T>> made(call::kind k, Work w) {
        return std::make_shared<call_of<T, Work>>(
            k, asio::prefer(home_, asio::execution::outstanding_work.tracked), std::move(w));
    }

    /// It is on its way before anybody awaits it.
    template <class T>
    asio::awaitable<result<T>> sent(std::shared_ptr<call_for<T>> c) {
        // What an earlier process did comes before anything of ours.
        const bool early = !opened_ && (c->what == call::kind::begin || c->what == call::kind::depart);
        const std::optional<errc> refused =
            early ? std::optional<errc>(errc::journal_unavailable) : writer_.push(c);
        if (refused) {
            c->refuse(*refused);
            c->wake();
        }
        return answer_of(std::move(c));
    }

    const asio::any_io_executor home_;
    telemetry::log& log_;
    writer writer_;
    bool opened_ = false; ///< and the caller of opened() knows what an earlier process left
    flight_number last_flight_ = 0;
};

} // namespace

std::unique_ptr<sqlite_journal> open(asio::io_context& io, sqlite_settings settings, const clock& c,
                                     telemetry::log& log, tuning tuned) {
    return std::make_unique<facade>(io, settings, c, log, std::move(tuned));
}

} // namespace sqlite

std::unique_ptr<journal> open_sqlite_journal(asio::io_context& io, sqlite_settings settings, const clock& c,
                                             telemetry::log& log) {
    return sqlite::open(io, std::move(settings), c, log, sqlite::tuning());
}

} // namespace offboard::journal
