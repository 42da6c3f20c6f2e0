// Boost.JSON's own tree lets the last of two equal members win and turns long numbers into doubles, so its
// parser is driven by a handler of ours, which builds a `document` instead.
#include "offboard/base/document.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace offboard {

namespace {

class builder {
public:
    explicit builder(const json_bounds& bounds) : bounds_(bounds) {}

    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using error_code = boost::system::error_code;
    using view = boost::json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& ec) { return count(ec) && open(document::object()); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code& ec) { return count(ec) && open(document::array()); }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(view s, std::size_t, error_code&) { return collect(s); }
    bool on_key(view s, std::size_t, error_code&) {
        collect(s);
        keys_.push_back(std::exchange(text_, {}));
        return true;
    }
    bool on_string_part(view s, std::size_t, error_code&) { return collect(s); }
    bool on_string(view s, std::size_t, error_code& ec) {
        collect(s);
        return count(ec) && put(document::string(std::exchange(text_, {})));
    }
    bool on_number_part(view s, error_code&) { return collect(s); }
    bool on_int64(std::int64_t, view s, error_code& ec) { return count(ec) && number(s); }
    bool on_uint64(std::uint64_t, view s, error_code& ec) { return count(ec) && number(s); }
    bool on_double(double, view s, error_code& ec) { return count(ec) && number(s); }
    bool on_bool(bool b, error_code& ec) { return count(ec) && put(document::boolean(b)); }
    bool on_null(error_code& ec) { return count(ec) && put(document()); }
    bool on_comment_part(view, error_code&) { return true; }
    bool on_comment(view, error_code&) { return true; }

    document take() { return std::move(root_); }
    bool too_many_values() const noexcept { return values_ > bounds_.values; }

private:
    bool count(error_code& ec) {
        if (++values_ <= bounds_.values) return true;
        ec = boost::json::make_error_code(boost::json::error::array_too_large);
        return false;
    }
    bool collect(view s) {
        text_.append(s.data(), s.size());
        return true;
    }
    bool number(view s) {
        collect(s);
        return put(document::number(std::exchange(text_, {})));
    }
    bool open(document d) {
        open_.push_back(std::move(d));
        return true;
    }
    bool close() {
        document d = std::move(open_.back());
        open_.pop_back();
        return put(std::move(d));
    }
    bool put(document d) {
        if (open_.empty()) {
            root_ = std::move(d);
        } else if (open_.back().is(document::kind::object)) {
            auto& members = open_.back().members();
            if (members.size() < bounds_.kept) members.emplace_back(std::move(keys_.back()), std::move(d));
            keys_.pop_back();
        } else if (open_.back().elements().size() < bounds_.kept) {
            open_.back().elements().push_back(std::move(d));
        }
        return true;
    }

    const json_bounds bounds_;
    std::size_t values_ = 0;
    std::string text_;
    std::vector<std::string> keys_;
    std::vector<document> open_;
    document root_;
};

} // namespace

std::optional<document> parse_json(std::string_view text, json_fault& fault) {
    return parse_json(text, fault, json_bounds());
}

std::optional<document> parse_json(std::string_view text, json_fault& fault, const json_bounds& bounds) {
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::json::basic_parser<builder> parser(options, bounds);
    boost::system::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = boost::json::make_error_code(boost::json::error::extra_data);
    if (ec) {
        fault = {ec.message(), used, parser.handler().too_many_values()};
        return std::nullopt;
    }
    return parser.handler().take();
}

} // namespace offboard
