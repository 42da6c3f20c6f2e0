#pragma once

#include "exchange.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox {

/// What the control routes may change. Defaults are the vendors' documented values.
struct settings {
    std::int64_t mention_me_token_s = 3600;
    std::int64_t capillary_token_s = 300;
    /// One bucket for all of Mention Me's customers endpoints: so many calls in each window of the sandbox's
    /// clock.
    std::int64_t rate_calls = 300;
    micros rate_per = std::chrono::minutes(5);
    /// Before every answer of a vendor.
    micros latency = micros(0);
    std::string basic_username = "store.server";
    std::string basic_password = "server123";
    /// The secrets that each vendor takes, several while one takes the place of another; empty: any but
    /// `wrong`, and of Capillary's Basic user the password.
    struct {
        std::vector<std::string> mention_me, capillary, billing, basic;
    } secrets;
    /// Mention Me's second identifier type.
    std::string customer_id_type = "customerId";
    /// HTTP status of a revoke answer in which an entry failed (vendor: unknown).
    std::int64_t revoke_failure_status = 200;
    /// Status for a customer the billing platform does not know: 404, or 200 with `false`.
    std::int64_t forget_absent_status = 404;
    /// Lapse answers 404 when it knows none of the identifiers (vendor: unknown).
    bool lapse_all_unknown_404 = false;
    /// Of a list of earn ids of which some are bad, revoke the good ones (vendor: unknown); else 8903 for the
    /// entry.
    bool partial_earn_ids = false;
};

/// Whether a vendor that takes these takes this one.
[[nodiscard]] bool takes(const std::vector<std::string>& secrets, std::string_view given);

/// What an identifier stands for, by its looks. The prefixes count at the start of an e-mail address or of
/// any text that is no number; the suffixes at the end of digits.
enum class nature {
    ordinary,
    absent,  ///< `absent…`, …99404: no vendor knows this customer
    failing, ///< `fail…`, …99500: known, and each call refuses it alone
    poison,  ///< `poison…`, …99400: a call with it inside is answered 400 as a whole
    down     ///< `down…`, …99503: a call with it inside is answered 503 as a whole
};

[[nodiscard]] nature nature_of(std::string_view identifier);

/// A stable number for a text; 64 bits, no secret.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);

/// Place of a call in the rate window.
struct admission {
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    std::int64_t reset_s = 0;
    bool over = false;
};

enum class issuer { mention_me, capillary };

/// Earns and the enrolment that one customer has of one promotion.
struct holding {
    std::set<std::int64_t> earns;
    std::map<std::int64_t, std::uint64_t> revoked;
    bool enrolled = true;
    std::uint64_t enrolment_revocations = 0;
    std::int64_t issual_id = 0;
};

/// How often something happened to a customer, and the last `keep` where there is one.
struct tally {
    std::uint64_t times = 0;
    std::string keep;
};

/// Everything the three vendors remember. Pure: no clock, no socket. Copying it gives a world to try things
/// in.
class world {
public:
    settings options;

    /// Takes up to `options.rate_calls` a window; a call beyond that is counted and refused.
    admission admit(micros now);

    /// Forgets what was spent, as when the limit is set anew.
    void restart_rate();

    void keep_token(issuer who, std::string token, micros now);
    [[nodiscard]] bool token_valid(issuer who, const std::string& token, micros now) const;
    void drop_tokens();

    /// Capillary's number of a customer: an id is itself, anything else is derived and stable.
    [[nodiscard]] static std::int64_t entity_of(std::string_view identifier_name, std::string_view value);

    /// Two earns and one enrolment to begin with, their numbers derived from customer and promotion.
    holding& holding_of(std::int64_t entity, const std::string& promotion);
    [[nodiscard]] bool has_holding(std::int64_t entity, const std::string& promotion) const;

    /// Key: `email:jo@example.com`, with e-mail in lower case.
    std::map<std::string, tally> lapsed;
    /// Likewise. A person who was purged is not known any more.
    std::map<std::string, tally> purged;
    /// Key: `mobile:919800000000 1stProgram`.
    std::map<std::string, tally> delinked;
    /// Key: `customer_id:191`.
    std::map<std::string, tally> forgotten;

    using holdings = std::map<std::pair<std::int64_t, std::string>, holding>;
    [[nodiscard]] const holdings& all_holdings() const { return holdings_; }

    /// Forgets everything, settings and tokens too.
    void reset();

private:
    holdings holdings_;
    std::map<std::string, micros> mention_me_tokens_;
    std::map<std::string, micros> capillary_tokens_;
    std::int64_t window_ = -1;
    std::int64_t spent_ = 0;
};

/// Makes a token nobody can guess; tests give their own.
using token_source = std::function<std::string()>;

} // namespace sandbox
